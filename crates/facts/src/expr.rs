//! Three-valued expressions over typed facts: `&& || ! == != < <= > >= in`, `any`, lists, dates, numbers; nothing else (PACKS §3).

use std::collections::BTreeSet;

use terms::{Day, Value};

use crate::lex::{Token, tokens};
use crate::table::{Fact, Kind, Table};
use crate::truth::{Truth, Verdict};

/// Where an expression looks facts up.
pub trait Lookup {
    /// The value of a fact; none if it is unknown.
    fn value(&self, name: &str) -> Option<&Value>;

    /// The value of an engine word (`demanded(delete)`, `barred(retain)`).
    fn engine(&self, _word: &str, _of: &str) -> Truth {
        Truth::Unknown
    }
}

impl Lookup for terms::Given {
    fn value(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// `==`
    Equal,
    /// `!=`
    Differs,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// A checked expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// At least one holds.
    Or(Vec<Expr>),
    /// All hold.
    And(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A yes/no fact.
    Holds(String),
    /// A fact against a value.
    Is(String, Compare, Value),
    /// A one-of fact in a list.
    In(String, Vec<Value>),
    /// A some-of fact meets a list.
    Any(String, Vec<String>),
    /// An engine word.
    Engine(String, String),
}

impl Expr {
    /// The expression of a text, checked against the fact table.
    ///
    /// # Errors
    /// Says in words what is wrong: syntax, unknown facts, types that do not fit, values not in the list.
    pub fn parse(text: &str, table: &Table) -> Result<Expr, String> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, table };
        let expr = parser.or()?;
        if parser.tokens.is_empty() { Ok(expr) } else { Err(format!("`{text}` goes on after its end")) }
    }

    /// The value under the facts looked up.
    pub fn eval(&self, facts: &impl Lookup) -> Truth {
        match self {
            Expr::Or(all) => Truth::any(all.iter().map(|e| e.eval(facts))),
            Expr::And(all) => all.iter().map(|e| e.eval(facts)).fold(Truth::True, Truth::and),
            Expr::Not(e) => e.eval(facts).negate(),
            Expr::Holds(name) => known(facts, name, |v| *v == Value::YesNo(true)),
            Expr::Is(name, compare, right) => known(facts, name, |left| compared(left, *compare, right)),
            Expr::In(name, list) => known(facts, name, |v| list.contains(v)),
            Expr::Any(name, list) => known(facts, name, |v| match v {
                Value::Some(words) => words.iter().any(|w| list.contains(w)),
                _ => false,
            }),
            Expr::Engine(word, of) => facts.engine(word, of),
        }
    }

    /// The unknown facts that keep it unknown, cut off by no true `or` and no false `and`.
    pub fn live(&self, facts: &impl Lookup, out: &mut BTreeSet<String>) {
        if self.eval(facts) != Truth::Unknown {
            return;
        }
        match self {
            Expr::Or(all) | Expr::And(all) => all.iter().for_each(|e| e.live(facts, out)),
            Expr::Not(e) => e.live(facts, out),
            Expr::Holds(name) | Expr::Is(name, ..) | Expr::In(name, _) | Expr::Any(name, _) => {
                out.insert(name.clone());
            }
            Expr::Engine(..) => {}
        }
    }

    /// The value with the unknown facts that keep it unknown.
    pub fn verdict(&self, facts: &impl Lookup) -> Verdict {
        let mut why = BTreeSet::new();
        self.live(facts, &mut why);
        Verdict { truth: self.eval(facts), why }
    }

    /// All facts that it names.
    pub fn facts(&self, out: &mut BTreeSet<String>) {
        match self {
            Expr::Or(all) | Expr::And(all) => all.iter().for_each(|e| e.facts(out)),
            Expr::Not(e) => e.facts(out),
            Expr::Holds(name) | Expr::Is(name, ..) | Expr::In(name, _) | Expr::Any(name, _) => {
                out.insert(name.clone());
            }
            Expr::Engine(..) => {}
        }
    }
}

fn known(facts: &impl Lookup, name: &str, holds: impl Fn(&Value) -> bool) -> Truth {
    facts.value(name).map_or(Truth::Unknown, |v| holds(v).into())
}

fn compared(left: &Value, compare: Compare, right: &Value) -> bool {
    match compare {
        Compare::Equal => left == right,
        Compare::Differs => left != right,
        Compare::Less => left < right,
        Compare::LessEqual => left <= right,
        Compare::Greater => left > right,
        Compare::GreaterEqual => left >= right,
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    table: &'a Table,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expr, String> {
        self.chain("||", Self::and, Expr::Or)
    }

    fn and(&mut self) -> Result<Expr, String> {
        self.chain("&&", Self::unary, Expr::And)
    }

    fn chain(&mut self, sign: &str, part: fn(&mut Self) -> Result<Expr, String>, join: fn(Vec<Expr>) -> Expr) -> Result<Expr, String> {
        let mut all = vec![part(self)?];
        while self.takes(sign) {
            all.push(part(self)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { join(all) })
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.takes("!") {
            return Ok(Expr::Not(Box::new(self.unary()?)));
        }
        if self.takes("(") {
            let inner = self.or()?;
            self.closes_with(")")?;
            return Ok(inner);
        }
        let name = self.word()?;
        if self.takes("(") {
            let of = self.word()?;
            self.closes_with(")")?;
            return match name.as_str() {
                "demanded" | "barred" => Ok(Expr::Engine(name, of)),
                _ => Err(format!("there is no function `{name}`")),
            };
        }
        let fact = self.table.get(&name).ok_or_else(|| format!("`{name}` is not in the fact table"))?;
        self.condition(name, fact)
    }

    fn condition(&mut self, name: String, fact: &Fact) -> Result<Expr, String> {
        const SIGNS: [(&str, Compare); 6] = [
            ("==", Compare::Equal),
            ("!=", Compare::Differs),
            ("<=", Compare::LessEqual),
            (">=", Compare::GreaterEqual),
            ("<", Compare::Less),
            (">", Compare::Greater),
        ];
        if let Some((_, compare)) = SIGNS.iter().find(|(sign, _)| self.takes(sign)) {
            let value = literal(&name, fact, &self.word()?)?;
            let ordered = !matches!(compare, Compare::Equal | Compare::Differs);
            if ordered && !matches!(fact.kind, Kind::Date | Kind::Count | Kind::Money) {
                return Err(format!("`{name}` has no order"));
            }
            return Ok(Expr::Is(name, *compare, value));
        }
        match self.tokens.first() {
            Some(Token::Word(w)) if w == "in" => {
                self.word()?;
                let list = self.list()?;
                let values = list.iter().map(|w| literal(&name, fact, w)).collect::<Result<_, _>>()?;
                Ok(Expr::In(name, values))
            }
            Some(Token::Word(w)) if w == "any" => {
                self.word()?;
                if fact.kind != Kind::SomeOf {
                    return Err(format!("`{name}` is not a set"));
                }
                let list = self.list()?;
                list.iter().try_for_each(|w| one_of(&name, fact, w))?;
                Ok(Expr::Any(name, list))
            }
            _ if fact.kind == Kind::YesNo => Ok(Expr::Holds(name)),
            _ => Err(format!("`{name}` alone is no condition")),
        }
    }

    fn list(&mut self) -> Result<Vec<String>, String> {
        self.closes_with("[")?;
        let mut all = vec![self.word()?];
        while self.takes(",") {
            all.push(self.word()?);
        }
        self.closes_with("]")?;
        Ok(all)
    }

    fn takes(&mut self, sign: &str) -> bool {
        match self.tokens.split_first() {
            Some((Token::Sign(s), rest)) if *s == sign => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn closes_with(&mut self, sign: &str) -> Result<(), String> {
        if self.takes(sign) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.tokens.split_first() {
            Some((Token::Word(w), rest)) => {
                self.tokens = rest;
                Ok(w.clone())
            }
            _ => Err("a name or a value is missing".to_owned()),
        }
    }
}

fn literal(name: &str, fact: &Fact, word: &str) -> Result<Value, String> {
    match fact.kind {
        Kind::YesNo => match word {
            "true" => Ok(Value::YesNo(true)),
            "false" => Ok(Value::YesNo(false)),
            _ => Err(format!("`{name}` is true or false, not `{word}`")),
        },
        Kind::OneOf | Kind::SomeOf => one_of(name, fact, word).map(|()| Value::One(word.to_owned())),
        Kind::Date => word.parse::<Day>().map(Value::Date).map_err(|e| format!("`{name}`: {e}")),
        Kind::Count | Kind::Money => word.parse().map(Value::Count).map_err(|_| format!("`{name}` is a number, not `{word}`")),
    }
}

fn one_of(name: &str, fact: &Fact, word: &str) -> Result<(), String> {
    if fact.of.iter().any(|w| w == word) { Ok(()) } else { Err(format!("`{word}` is not a value of `{name}`")) }
}
