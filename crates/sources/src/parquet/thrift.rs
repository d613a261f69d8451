//! What a footer and the headers of pages say of sizes and numbers, read within limits before the library believes it (Thrift, compact protocol).

use std::collections::BTreeMap;

use formats::Reason;

/// Most structs of all lists of one footer: each column of each row group is one, and some more.
const STRUCTS_MAX: u64 = 1 << 18;
/// Deepest nesting of structs and lists.
const NESTED_MAX: usize = 32;
/// Deepest nesting of a schema: the library follows it by recursion.
const SCHEMA_MAX: usize = 48;

/// Kinds of values, as the protocol numbers them.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Kinds of pages.
pub(super) const DATA: i64 = 0;
pub(super) const DICTIONARY: i64 = 2;
pub(super) const DATA_V2: i64 = 3;

/// Hears a value: the numbers of the fields that lead to it, its kind, and what it is if it is a number.
type Hear<'h> = &'h mut dyn FnMut(&[i16], u8, i64);

/// The header of a page.
#[derive(Debug)]
pub(super) struct Head {
    /// Its own bytes.
    pub len: u64,
    /// Kind of the page.
    pub kind: i64,
    /// Bytes of the page unpacked, and as they lie in the file.
    pub unpacked: u64,
    pub packed: u64,
    /// Values that the page has, nulls among them.
    pub values: u64,
    /// Bytes at its beginning that are never packed; all, if nothing of it is packed.
    pub plain: u64,
}

/// The header of the page that begins here; none if it is cut off, or not as every writer writes it.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    let mut walk = Walk::new(bytes);
    let mut numbers: BTreeMap<(i16, i16), i64> = BTreeMap::new();
    let mut odd = false;
    walk.fields(&mut |path, kind, n| {
        let key = match path {
            [field] => (*field, 0),
            [field, own] => (*field, *own),
            _ => return,
        };
        // What the library would read as something else, or twice, is no header.
        odd |= !expected(key, kind) || numbers.insert(key, n).is_some();
    })?;
    let number = |field: i16, own: i16| numbers.get(&(field, own)).copied();
    let size = |field: i16, own: i16| u64::try_from(number(field, own)?).ok();
    let kind = number(1, 0)?;
    let (unpacked, packed) = (size(2, 0)?, size(3, 0)?);
    let values = match kind {
        DATA => size(5, 1)?,
        DICTIONARY => size(7, 1)?,
        DATA_V2 => size(8, 1)?,
        _ => return None,
    };
    let plain = match kind {
        DATA_V2 if number(8, 7) == Some(0) => packed,
        DATA_V2 => size(8, 5)?.checked_add(size(8, 6)?)?,
        _ => 0,
    };
    let len = bytes.len().checked_sub(walk.rest.len())? as u64;
    (!odd).then_some(Head { len, kind, unpacked, packed, values, plain })
}

/// Whether a field of a page's header has the kind that it must have.
fn expected(key: (i16, i16), kind: u8) -> bool {
    match key {
        (1..=4, 0) | (5, 1..=4) | (7, 1..=2) | (8, 1..=6) => kind == I32,
        (7, 3) | (8, 7) => matches!(kind, TRUE | FALSE),
        (5..=8, 0) | (5, 5) | (8, 8) => kind == STRUCT,
        _ => true,
    }
}

/// Refuses a footer that the library could not take without harm: numbers of elements that are not there, a schema too deep to be followed.
///
/// # Errors
/// If it is damaged, too large or too deep, or says that something is encrypted.
pub(super) fn footer(bytes: &[u8]) -> Result<(), Reason> {
    let mut walk = Walk::new(bytes);
    let mut encrypted = false;
    let mut children: Vec<i64> = Vec::new();
    let whole = walk.fields(&mut |path, kind, n| match (path, kind) {
        // FileMetaData.encryption_algorithm, ColumnChunk.crypto_metadata.
        ([8] | [4, 1, 8], STRUCT) => encrypted = true,
        // An element of the schema, and how many are below it.
        ([2], STRUCT) => children.push(0),
        ([2, 5], I32) => children.last_mut().into_iter().for_each(|last| *last = n),
        _ => {}
    });
    match whole {
        _ if encrypted => Err(Reason::PasswordProtected),
        None if walk.structs > STRUCTS_MAX => Err(Reason::TooLarge),
        None => Err(Reason::Damaged),
        Some(()) => shallow(&children),
    }
}

/// Elements of a schema lie parents first, each with the number of those right below it.
fn shallow(children: &[i64]) -> Result<(), Reason> {
    let most = i64::try_from(children.len()).unwrap_or(i64::MAX);
    let mut open: Vec<i64> = Vec::new();
    for (i, own) in children.iter().enumerate() {
        while open.last() == Some(&0) {
            open.pop();
        }
        match open.last_mut() {
            Some(left) => *left -= 1,
            None if i > 0 => return Err(Reason::Damaged),
            None => {}
        }
        if *own < 0 || *own > most {
            return Err(Reason::Damaged);
        }
        if *own > 0 {
            open.push(*own);
        }
        if open.len() > SCHEMA_MAX {
            return Err(Reason::TooDeep);
        }
    }
    Ok(())
}

struct Walk<'a> {
    rest: &'a [u8],
    path: Vec<i16>,
    nested: usize,
    structs: u64,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8]) -> Walk<'a> {
        Walk { rest: bytes, path: Vec::new(), nested: 0, structs: 0 }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, n: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut out = 0u64;
        for shift in (0..64u32).step_by(7) {
            let byte = self.byte()?;
            out |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(out);
            }
        }
        None
    }

    fn number(&mut self) -> Option<i64> {
        self.varint().map(unzigzag)
    }

    fn deeper(&mut self) -> Option<()> {
        self.nested += 1;
        (self.nested <= NESTED_MAX).then_some(())
    }

    fn fields(&mut self, hear: Hear<'_>) -> Option<()> {
        self.deeper()?;
        let mut last = 0i16;
        loop {
            let head = self.byte()?;
            if head & 0x0f == 0 {
                break;
            }
            last = match head >> 4 {
                0 => i16::try_from(self.number()?).ok()?,
                delta => last.checked_add(i16::from(delta))?,
            };
            self.path.push(last);
            self.value(head & 0x0f, &mut *hear)?;
            self.path.pop();
        }
        self.nested -= 1;
        Some(())
    }

    fn value(&mut self, kind: u8, hear: Hear<'_>) -> Option<()> {
        match kind {
            TRUE | FALSE => hear(&self.path, kind, i64::from(kind == TRUE)),
            BYTE => {
                let n = self.byte()?;
                hear(&self.path, kind, i64::from(n));
            }
            I16 | I32 | I64 => {
                let n = self.number()?;
                hear(&self.path, kind, n);
            }
            BINARY => {
                let len = self.varint()?;
                hear(&self.path, kind, 0);
                self.skip(len)?;
            }
            STRUCT => {
                hear(&self.path, kind, 0);
                self.fields(hear)?;
            }
            DOUBLE => self.skip(8)?,
            UUID => self.skip(16)?,
            LIST | SET => self.list(hear)?,
            MAP => self.map(hear)?,
            _ => return None,
        }
        Some(())
    }

    fn list(&mut self, hear: Hear<'_>) -> Option<()> {
        self.deeper()?;
        let head = self.byte()?;
        let size = match head >> 4 {
            15 => self.varint()?,
            few => u64::from(few),
        };
        self.room(size, head & 0x0f)?;
        for _ in 0..size {
            self.element(head & 0x0f, &mut *hear)?;
        }
        self.nested -= 1;
        Some(())
    }

    fn map(&mut self, hear: Hear<'_>) -> Option<()> {
        self.deeper()?;
        let size = self.varint()?;
        let kinds = if size > 0 { self.byte()? } else { 0 };
        self.room(size, kinds & 0x0f)?;
        for _ in 0..size {
            self.element(kinds >> 4, &mut *hear)?;
            self.element(kinds & 0x0f, &mut *hear)?;
        }
        self.nested -= 1;
        Some(())
    }

    /// Every element has a byte at least.
    fn room(&mut self, size: u64, kind: u8) -> Option<()> {
        if kind == STRUCT {
            self.structs = self.structs.saturating_add(size);
        }
        (size <= self.rest.len() as u64 && self.structs <= STRUCTS_MAX).then_some(())
    }

    fn element(&mut self, kind: u8, hear: Hear<'_>) -> Option<()> {
        match kind {
            TRUE | FALSE => self.skip(1),
            other => self.value(other, hear),
        }
    }
}

/// A signed number whose sign is its last bit.
pub(super) fn unzigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_its_sizes_or_is_none() {
        // Field 1: a data page; 2: 100 bytes, 3: 60 packed; 5: 7 values, encoded as 0, 3, 3.
        let good = [0x15, 0, 0x15, 0xc8, 1, 0x15, 0x78, 0x2c, 0x15, 14, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0, 99];
        let read = head(&good).unwrap();
        assert_eq!((read.len, read.kind, read.unpacked, read.packed, read.values, read.plain), (18, DATA, 100, 60, 7, 0));
        (0..18).for_each(|cut| assert!(head(&good[..cut]).is_none(), "{cut}"));
        let mut negative = good;
        negative[4] = 0x7f;
        negative[3] = 0xc9;
        assert!(head(&negative).is_none(), "a size below zero");
        let mut byte = good;
        byte[5] = 0x13;
        assert!(head(&byte).is_none(), "a size that is one byte");
    }

    #[test]
    fn a_footer_with_elements_that_are_not_there_is_refused() {
        // Field 4: a list of two thousand million structs.
        let list = [0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 7];
        assert_eq!(footer(&list), Err(Reason::TooLarge));
        let nested: Vec<u8> = std::iter::repeat_n(0x1c, 100_000).collect();
        assert_eq!(footer(&nested), Err(Reason::Damaged));
        assert_eq!(shallow(&[1; 60]), Err(Reason::TooDeep));
        assert_eq!(shallow(&[2, 0, 0]), Ok(()));
        assert_eq!(shallow(&[1_000_000, 0]), Err(Reason::Damaged));
        assert_eq!(shallow(&[0, 0]), Err(Reason::Damaged));
    }
}
