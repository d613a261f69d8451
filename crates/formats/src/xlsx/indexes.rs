//! A sheet without its numbers of shared strings and its truth values: they are no numbers, and look like some.

/// The bytes of a sheet with `#` for each digit of such a number.
pub fn without_indexes(sheet: &[u8]) -> Vec<u8> {
    let mut sheet = sheet.to_vec();
    let mut at = 0;
    while let Some(cell) = sheet.get(at..).and_then(shared) {
        let (from, to) = (at + cell.0, at + cell.1);
        sheet.get_mut(from..to).into_iter().flatten().filter(|b| b.is_ascii_digit()).for_each(|b| *b = b'#');
        at = to;
    }
    sheet
}

/// Where it stands in the next cell that has one.
fn shared(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    loop {
        let begins = at + find(bytes.get(at..)?, b"<c ")?;
        let ends = begins + find(bytes.get(begins..)?, b">")? + 1;
        let tag = bytes.get(begins..ends)?;
        let types = [b" t=\"s\"".as_slice(), b" t='s'", b" t=\"b\"", b" t='b'"];
        if types.iter().any(|word| find(tag, word).is_some()) && !tag.ends_with(b"/>") {
            let from = ends + find(bytes.get(ends..)?, b"<v>")?;
            let to = from + find(bytes.get(from..)?, b"</v>")?;
            if find(bytes.get(ends..to)?, b"</c>").is_none() {
                return Some((from, to));
            }
        }
        at = ends;
    }
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_strings_are_hidden_and_values_are_not() {
        let sheet = "<row r=\"1\"><c r=\"A1\" s=\"1\" t=\"s\"><v>4711</v></c><c r=\"B1\"><v>4711</v></c><c r=\"C1\" t=\"s\"/><c r='D1' t='s'><f>\"4712\"</f><v>5</v></c>\
                     <c r=\"E1\" t=\"str\"><f>A1</f><v>4711</v></c><c t=\"b\"><v>1</v></c><cols><col min=\"1\"/></cols></row>";
        let expected = sheet.replacen("<v>4711", "<v>####", 1).replace("<v>5<", "<v>#<").replace("<v>1<", "<v>#<");
        assert_eq!(String::from_utf8(without_indexes(sheet.as_bytes())), Ok(expected));
        for open in ["<c ", "<c t=\"s\">", "<c t=\"s\"><v>12", "12</v></c>"] {
            assert_eq!(without_indexes(open.as_bytes()), open.as_bytes(), "{open}");
        }
    }
}
