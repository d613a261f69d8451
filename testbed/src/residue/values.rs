//! Made-up values, each of its structure alone, and the bytes in which each store keeps them.

use std::ops::Range;

/// Who goes: every third.
pub fn goes(n: usize) -> bool {
    n.is_multiple_of(3)
}

/// A text like an e-mail address, in no order.
pub fn text(tag: &str, n: usize) -> String {
    format!("{:012x}.{n:04}.{tag}@example.com", mixed(tag, n) >> 16)
}

/// One short word, as full-text indexes and statistics keep it.
pub fn word(tag: &str, n: usize) -> String {
    format!("{tag}{:012x}", mixed(tag, n) >> 16)
}

/// Nine characters: a hundred of them are a list that PostgreSQL keeps as it is.
pub fn brief(tag: &str, n: usize) -> String {
    format!("{}{:08x}", &tag[..1].to_uppercase(), mixed(tag, n) >> 32)
}

/// A number of 14 digits: six bytes where leading zeros are left out, and whole in a double.
pub fn number(tag: &str, n: usize) -> u64 {
    20_000_000_000_000 + mixed(tag, n) % 100_000_000_000_000
}

/// The text somewhere in these bytes of prose, which packs well; the prose begins at 0.
pub fn hidden(tag: &str, n: usize, within: Range<usize>) -> String {
    let bytes = within.end;
    let mut out = String::with_capacity(bytes + 64);
    let at = within.start + usize::try_from(mixed(tag, n + 50_000) >> 16).unwrap_or(0) % within.len();
    let mut step = n * 1_000;
    let mut placed = false;
    while out.len() < bytes || !placed {
        if !placed && out.len() >= at {
            out.push_str(&text(tag, n));
            out.push(' ');
            placed = true;
        }
        out.push_str(WORDS[usize::try_from(mixed("prose", step) >> 16).unwrap_or(0) % WORDS.len()]);
        out.push(' ');
        step += 1;
    }
    out
}

/// The text and then the same few bytes over and over.
pub fn repetitive(tag: &str, n: usize, bytes: usize) -> String {
    format!("{} {}", text(tag, n), "and so on ".repeat(bytes / 10))
}

const WORDS: [&str; 32] = [
    "the",
    "customer",
    "asked",
    "for",
    "delivery",
    "on",
    "monday",
    "and",
    "paid",
    "by",
    "card",
    "invoice",
    "returned",
    "parcel",
    "address",
    "changed",
    "phone",
    "called",
    "twice",
    "north",
    "gate",
    "second",
    "floor",
    "without",
    "signature",
    "voucher",
    "warranty",
    "until",
    "spring",
    "colour",
    "green",
    "size",
];

/// Eight bytes, least first: PostgreSQL's `bigint`.
pub fn little(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

/// Digits in groups of four, two bytes each: PostgreSQL's `numeric`.
pub fn groups_of_four(number: u64) -> Vec<u8> {
    [1_000_000_000_000, 100_000_000, 10_000, 1]
        .iter()
        .flat_map(|unit| u16::try_from(number / unit % 10_000).unwrap_or(0).to_le_bytes())
        .collect()
}

/// Eight bytes, greatest first, the sign turned over: MariaDB's `BIGINT`.
pub fn flipped(number: u64) -> Vec<u8> {
    (number ^ (1 << 63)).to_be_bytes().to_vec()
}

/// Nine digits in four bytes, twice, the first bit turned over: MariaDB's `DECIMAL(18,0)`.
pub fn nines(number: u64) -> Vec<u8> {
    let half = |n: u64| u32::try_from(n % 1_000_000_000).unwrap_or(0);
    [(half(number / 1_000_000_000) ^ (1 << 31)).to_be_bytes(), half(number).to_be_bytes()].concat()
}

/// Six bytes, greatest first: an integer of 33 to 47 bits in SQLite.
pub fn six(number: u64) -> Vec<u8> {
    number.to_be_bytes()[2..].to_vec()
}

/// Evenly scattered, the same in every run.
fn mixed(tag: &str, n: usize) -> u64 {
    let seed = tag.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut z = seed.wrapping_add((n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
