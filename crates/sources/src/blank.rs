//! What an emptied field holds: known before anything is erased, so that the erased row can be told from any other.

use std::collections::BTreeMap;

use rows::{CellRef, Encoding, Tag, text_of};
use serde::{Deserialize, Serialize};

use crate::dataset::Column;

/// What somebody said is left, by ordinal of the column.
pub type Said = BTreeMap<u32, Blank>;

/// What erasing leaves in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// Null.
    Null,
    /// A text without characters, where the file has the field at all.
    Text,
    /// A blob without bytes: the store refuses nulls.
    Blob,
    /// This text or whole number, wherever there is a value.
    Constant(Vec<u8>),
    /// Zero: the store refuses nulls.
    Zero,
    /// Zero, in a column of reals.
    ZeroReal,
    /// A value of the column's own type that says nothing: the store refuses nulls.
    Value(#[serde(with = "tag")] Tag, Vec<u8>),
    /// The row's number in four bytes, negative: the store refuses nulls and equal values.
    SmallNumber,
    /// The same where nothing negative is taken: from 2,147,483,648.
    SmallUnsigned,
    /// The row's number, negative: the store refuses nulls and equal values.
    Number,
    /// The same where nothing negative is taken: from 4,611,686,018,427,387,904.
    Unsigned,
    /// The same in a column of reals.
    NumberReal,
    /// `erased-` and the row's number, of at most so many characters: the store refuses nulls and equal values.
    Word(u32),
    /// The same, filled up with blanks to so many characters, as `char(n)` is.
    Filled(u32),
    /// The row's number, negative, with so many digits after the point: the store refuses nulls and equal values.
    Decimal(u32),
    /// `erased-`, the row's number and `@erased.invalid`: a constraint wants a mail, and no two alike (RFC 2606: nobody has it).
    Mail,
    /// Eleven digits from 10,000,000,000, which are nobody's, the row's number in them: a constraint wants a mobile, and no two alike.
    Mobile,
    /// The same as a number.
    MobileNumber,
    /// A UUID with the row's number in its last bytes.
    Uuid,
    /// The value made coarser; where it is of another kind, the other blank.
    General(Generalised, Box<Blank>),
    /// What the store computes: nobody writes it.
    Stays,
}

impl Blank {
    /// The field of a row after erasing. `number` is below 2^62, different in its last 31 bits for each row of a data set, and says nothing
    /// about anybody.
    pub fn leaves(&self, before: CellRef<'_>, number: u64) -> (Tag, Vec<u8>) {
        let small = i64::try_from(number & 0x7fff_ffff).unwrap_or_default();
        let wide = i64::try_from(number & (WIDE - 1)).unwrap_or_default();
        let integer = |n: i64| (Tag::Integer, n.to_be_bytes().to_vec());
        match self {
            Blank::Null => (Tag::Null, Vec::new()),
            _ if self.keeps_null() && before.tag == Tag::Null => (Tag::Null, Vec::new()),
            Blank::Text => (Tag::Text, Vec::new()),
            Blank::Blob => (Tag::Blob, Vec::new()),
            Blank::Value(tag, bytes) => (*tag, bytes.clone()),
            Blank::Constant(bytes) => match (before.tag, std::str::from_utf8(bytes).ok().and_then(|t| t.parse::<i64>().ok())) {
                (Tag::Integer, Some(n)) => integer(n),
                (Tag::Other, _) => (Tag::Other, bytes.clone()),
                _ => (Tag::Text, bytes.clone()),
            },
            Blank::SmallNumber => integer(-1 - small),
            Blank::SmallUnsigned => integer((1 << 31) + small),
            Blank::Number => integer(-1 - wide),
            Blank::Unsigned => integer((1 << 62) + wide),
            Blank::Zero => integer(0),
            Blank::ZeroReal => (Tag::Real, 0f64.to_be_bytes().to_vec()),
            // Whole numbers are exact as a real up to 2^53.
            Blank::NumberReal => (Tag::Real, (-1.0 - (number & (EXACT - 1)) as f64).to_be_bytes().to_vec()),
            Blank::Word(most) => (Tag::Text, word(number & (WIDE - 1), *most).into_bytes()),
            Blank::Filled(most) => (Tag::Text, format!("{:<1$}", word(number & (WIDE - 1), *most), *most as usize).into_bytes()),
            Blank::Decimal(scale) => {
                let point = if *scale > 0 { "." } else { "" };
                (Tag::Other, format!("-{}{point}{}", 1 + small, "0".repeat(*scale as usize)).into_bytes())
            }
            Blank::Mail => (Tag::Text, format!("erased-{}@erased.invalid", written(number & (WIDE - 1), LETTERS, LONG)).into_bytes()),
            Blank::Mobile => (Tag::Text, (MOBILE + small).to_string().into_bytes()),
            Blank::MobileNumber => integer(MOBILE + small),
            Blank::Uuid => (Tag::Other, format!("00000000-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff).into_bytes()),
            Blank::General(how, or) => how.of(before).unwrap_or_else(|| or.leaves(before, number)),
            Blank::Stays => (before.tag, before.bytes.to_vec()),
        }
    }

    /// Whether a field that was null stays so, whatever is left in others.
    pub(crate) fn keeps_null(&self) -> bool {
        matches!(self, Blank::Text | Blank::Constant(_))
    }

    /// Whether every row is left with the same.
    pub fn constant(&self) -> bool {
        use Blank::{Blob, Constant, Null, Text, Value, Zero, ZeroReal};
        matches!(self, Null | Text | Blob | Constant(_) | Zero | ZeroReal | Value(..))
    }

    /// Whether every row is left with a value of its own that says nothing.
    pub fn random(&self) -> bool {
        use Blank::{General, Stays};
        !self.constant() && !matches!(self, General(..) | Stays)
    }

    /// A text.
    pub fn text(text: &str) -> Blank {
        Blank::Value(Tag::Text, text.as_bytes().to_vec())
    }

    /// A whole number.
    pub fn number(n: i64) -> Blank {
        Blank::Value(Tag::Integer, n.to_be_bytes().to_vec())
    }

    /// Texts that say nothing, for constraints that want something: a mail, a number of digits, a letter.
    pub(crate) fn words() -> impl Iterator<Item = Blank> {
        let all = [
            "",
            "-",
            "x",
            "X",
            "0",
            "000000",
            "00000000000",
            "10000000000",
            "000000000000000000",
            "erased@erased.invalid",
            "1900-01-01",
            "{}",
            "xxxxxxxxxx",
        ];
        all.into_iter().map(Blank::text)
    }

    /// Numbers that say nothing, for constraints that want something.
    pub(crate) fn numbers() -> impl Iterator<Item = Blank> {
        [0, 1, -1, 18, 100, 1_000, 1_000_000, 10_000_000_000].into_iter().map(Blank::number)
    }

    /// Texts that say nothing and differ from row to row, for constraints that want something.
    pub(crate) fn distinct_words() -> [Blank; 2] {
        [Blank::Mail, Blank::Mobile]
    }

    /// Numbers that say nothing and differ from row to row, for constraints that want something.
    pub(crate) fn distinct_numbers() -> [Blank; 2] {
        [Blank::MobileNumber, Blank::SmallUnsigned]
    }

    /// For a column of SQLite: null, or where that is refused what its affinity takes (sqlite.org/datatype3, §3.1).
    pub(crate) fn of_sqlite(column: &Column) -> Blank {
        let declared = column.declared.to_ascii_uppercase();
        let has = |words: &[&str]| words.iter().any(|w| declared.contains(w));
        let dated = if has(&["DATETIME", "TIMESTAMP"]) { Some("1900-01-01 00:00:00") } else { has(&["DATE"]).then_some("1900-01-01") };
        let (integer, text) = (has(&["INT"]), has(&["CHAR", "CLOB", "TEXT"]));
        let real = !integer && !text && has(&["REAL", "FLOA", "DOUB"]);
        let numeric = integer || (!text && !real && has(&["NUM", "DEC", "BOOL"]));
        match (column.generated, column.not_null, column.unique) {
            (true, ..) => Blank::Stays,
            (_, false, _) => Blank::Null,
            (_, true, false) if numeric => Blank::Zero,
            (_, true, false) if real => Blank::ZeroReal,
            (_, true, false) if declared == "BLOB" => Blank::Blob,
            (_, true, false) if !text && dated.is_some() => Blank::text(dated.unwrap_or_default()),
            (_, true, false) => Blank::Text,
            (_, true, true) if numeric => Blank::Number,
            (_, true, true) if real => Blank::NumberReal,
            (_, true, true) => Blank::Word(26),
        }
    }
}

/// A tag by its number.
mod tag {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Tag;

    pub(super) fn serialize<S: Serializer>(tag: &Tag, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(*tag as u8)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tag, D::Error> {
        Tag::of(u8::deserialize(from)?).ok_or_else(|| D::Error::custom("no such tag"))
    }
}

/// Numbers of eleven digits that are nobody's, up to 12,147,483,647: mobiles of China begin with 13 to 19.
const MOBILE: i64 = 10_000_000_000;
/// Numbers are below this.
const WIDE: u64 = 1 << 62;
/// Whole numbers below this are exact as a real.
const EXACT: u64 = 1 << 53;
/// Signs of a number that has little room; where there is room letters alone are taken, so that it looks like nobody's number.
const SIGNS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
/// Letters that any number below 2^62 needs at most.
const LONG: usize = 14;

/// A word of at most `most` characters: with little room the number's last 31 bits alone, in six signs.
fn word(number: u64, most: u32) -> String {
    let long = format!("erased-{}", written(number, LETTERS, LONG));
    if long.len() <= most as usize { long } else { written(number & 0x7fff_ffff, SIGNS, 6) }
}

/// A number to the base of its signs, in so many of them.
fn written(mut number: u64, signs: &[u8], length: usize) -> String {
    let base = signs.len() as u64;
    let mut out = vec![b'0'; length];
    for room in out.iter_mut().rev() {
        let digit = usize::try_from(number % base).unwrap_or_default();
        *room = signs.get(digit).copied().unwrap_or(b'0');
        number /= base;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How a value is made coarser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generalised {
    /// A date to the first day of its year.
    Year,
    /// A date to the first day of its month.
    Month,
    /// A date to the first day of its decade.
    Decade,
    /// A number to the next lower multiple.
    To(u64),
    /// A text to its first characters.
    First(u32),
}

impl Generalised {
    /// The coarser value; none where the value is of another kind. What is empty stays so.
    pub fn of(self, before: CellRef<'_>) -> Option<(Tag, Vec<u8>)> {
        let mut text = Vec::new();
        text_of(before, Encoding::Utf8, &mut text);
        let text = String::from_utf8(text).ok()?;
        let bytes = match (self, before.tag) {
            _ if before.is_empty() => Vec::new(),
            (Generalised::First(n), Tag::Text) => text.chars().take(n as usize).collect::<String>().into_bytes(),
            (Generalised::First(_), _) => return None,
            (Generalised::To(step), Tag::Integer) => {
                let (n, step) = (before.integer()?, i64::try_from(step.max(1)).ok()?);
                n.checked_sub(n.rem_euclid(step))?.to_be_bytes().to_vec()
            }
            (Generalised::To(step), Tag::Real) => {
                let step = step.max(1) as f64;
                ((before.real()? / step).floor() * step).to_be_bytes().to_vec()
            }
            (Generalised::To(step), _) => rounded(&text, step)?,
            (Generalised::Year, _) => date(&text, |y, _| (y, 1))?,
            (Generalised::Month, _) => date(&text, |y, m| (y, m))?,
            (Generalised::Decade, _) => date(&text, |y, _| (y - y % 10, 1))?,
        };
        Some((before.tag, bytes))
    }
}

/// A number as text (`12.50`), or a real's eight bytes: rounded down, written as a whole number of the same kind.
fn rounded(text: &str, step: u64) -> Option<Vec<u8>> {
    let whole: i64 = text.split('.').next()?.trim().parse().ok()?;
    let step = i64::try_from(step.max(1)).ok()?;
    let fraction = text.split_once('.').map(|(_, f)| format!(".{}", "0".repeat(f.len()))).unwrap_or_default();
    let below = text.starts_with('-') && text.split_once('.').is_some_and(|(_, f)| f.bytes().any(|b| b != b'0'));
    let whole = if below { whole.checked_sub(1)? } else { whole };
    Some(format!("{}{fraction}", whole.checked_sub(whole.rem_euclid(step))?).into_bytes())
}

/// A date that begins with year and month (`1987-03-12`, `1987/3`, `19870312`), in the same form, with its time at midnight.
fn date(text: &str, of: impl Fn(u32, u32) -> (u32, u32)) -> Option<Vec<u8>> {
    let year: u32 = text.get(..4)?.parse().ok()?;
    let rest = text.get(4..)?;
    let separator = rest.chars().next().filter(|c| !c.is_ascii_digit());
    let (month, tail) = match separator {
        Some(s) => {
            let mut parts = rest.get(s.len_utf8()..)?.splitn(2, s);
            (parts.next()?.parse().ok()?, parts.next())
        }
        None => (rest.get(..2)?.parse().ok()?, rest.get(2..)),
    };
    if !(1..=12).contains(&month) {
        return None;
    }
    let (year, month) = of(year, month);
    let glue = separator.map(String::from).unwrap_or_default();
    let day = tail.map(|t| format!("{glue}01{}", midnight(t))).unwrap_or_default();
    Some(format!("{year:04}{glue}{month:02}{day}").into_bytes())
}

/// What follows the day, its digits zero.
fn midnight(tail: &str) -> String {
    let time = tail.find([' ', 'T']).and_then(|at| tail.get(at..)).unwrap_or_default();
    time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(declared: &str, not_null: bool, unique: bool) -> Column {
        Column { declared: declared.to_owned(), not_null, unique, ..Column::default() }
    }

    #[test]
    fn an_emptied_field_fits_what_the_column_takes() {
        let cases = [
            ("TEXT", false, false, Blank::Null),
            ("TEXT", true, false, Blank::Text),
            ("VARCHAR(20)", true, true, Blank::Word(26)),
            ("BIGINT", true, false, Blank::Zero),
            ("INTEGER", true, true, Blank::Number),
            ("DECIMAL(10,2)", true, false, Blank::Zero),
            ("DOUBLE", true, false, Blank::ZeroReal),
            ("BLOB", true, false, Blank::Blob),
            ("DATE", true, false, Blank::text("1900-01-01")),
            ("BOOLEAN", true, false, Blank::Zero),
        ];
        for (declared, not_null, unique, blank) in cases {
            assert_eq!(Blank::of_sqlite(&column(declared, not_null, unique)), blank, "{declared}");
        }
    }

    #[test]
    fn a_coarser_value_keeps_its_form() {
        use Generalised::{Decade, First, Month, To, Year};
        let cases: [(Generalised, &str, &str); 13] = [
            (Year, "", ""),
            (Year, "1987-03-12", "1987-01-01"),
            (Month, "1987-03-12", "1987-03-01"),
            (Decade, "1987-03-12 08:15:00", "1980-01-01 00:00:00"),
            (Year, "1987-03-12 08:15:00+08", "1987-01-01 00:00:00+00"),
            (Year, "19870312", "19870101"),
            (Month, "1987/3/12", "1987/03/01"),
            (Year, "around 1987", "none"),
            (Year, "infinity", "none"),
            (To(10_000), "12345.67", "10000.00"),
            (To(10), "-3.5", "-10.0"),
            (First(3), "上海市浦东新区", "上海市"),
            (First(3), "20", "20"),
        ];
        for (how, before, after) in cases {
            let got = how.of(CellRef { tag: Tag::Text, bytes: before.as_bytes() });
            let got = got.map_or("none".to_owned(), |(_, bytes)| String::from_utf8_lossy(&bytes).into_owned());
            assert_eq!(got, after, "{how:?} {before}");
        }
        let age = 37i64.to_be_bytes();
        assert_eq!(To(5).of(CellRef { tag: Tag::Integer, bytes: &age }), Some((Tag::Integer, 35i64.to_be_bytes().to_vec())));
    }

    #[test]
    fn values_that_may_not_be_equal_never_are() {
        let before = CellRef { tag: Tag::Text, bytes: b"before" };
        for blank in [
            Blank::Number,
            Blank::SmallNumber,
            Blank::SmallUnsigned,
            Blank::Unsigned,
            Blank::NumberReal,
            Blank::Word(26),
            Blank::Word(6),
            Blank::Filled(18),
            Blank::Decimal(2),
            Blank::Mail,
            Blank::Mobile,
            Blank::MobileNumber,
            Blank::Uuid,
        ] {
            let all: std::collections::BTreeSet<_> = (0..5_000u64).map(|n| blank.leaves(before, n * 429_497 % (1 << 31))).collect();
            assert_eq!(all.len(), 5_000, "{blank:?}");
            // Nothing else may be taken for somebody's number by the next scan.
            let words = matches!(blank, Blank::Word(26) | Blank::Mail);
            assert!(!words || all.iter().all(|(_, v)| !v.iter().any(u8::is_ascii_digit)), "{blank:?}");
        }
    }
}
