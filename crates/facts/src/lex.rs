//! Tokens of expressions and clocks.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// `&&`, `||`, `==`, `(`, …
    Sign(&'static str),
    /// A fact name, a word, a number or a day, as written.
    Word(String),
}

const SIGNS: &[&str] = &["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", "+"];

/// The tokens of a text.
///
/// # Errors
/// Names the first character that begins no token.
pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
            out.push(Token::Sign(sign));
            rest = rest.get(sign.len()..).unwrap_or_default().trim_start();
        } else if first.is_ascii_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            out.push(Token::Word(word.to_owned()));
            rest = tail.trim_start();
        } else {
            return Err(format!("`{first}` does not belong in an expression"));
        }
    }
    Ok(out)
}
