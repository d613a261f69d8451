//! What names of columns say of keys: whose a key is, and whether something is called one at all.

use sources::{Column, Dataset};

/// Endings by which a key is a key.
const KEYS: [&str; 11] = ["id", "uid", "guid", "no", "code", "key", "number", "nr", "编号", "代码", "号"];

/// Whether a column's name says only that it is a key, not of what.
pub(crate) fn is_any_key(name: &str) -> bool {
    plain(name) == "id"
}

/// Whether a column is called like a key, whatever of: the last of its words says so.
pub(super) fn is_called_key(name: &str) -> bool {
    let word = name.split(|c: char| !c.is_alphanumeric()).rfind(|w| !w.is_empty()).unwrap_or_default();
    let hump = word.rfind(char::is_uppercase).filter(|at| *at > 0 && !word.chars().all(char::is_uppercase));
    let last = hump.and_then(|at| word.get(at..)).unwrap_or(word).to_lowercase();
    KEYS.iter().any(|k| last == *k || (!k.is_ascii() && last.ends_with(k)))
}

/// The column that a data set calls its own key, or that its store does.
pub(super) fn own_key(dataset: &Dataset) -> Option<u32> {
    let table = stem(&dataset.name);
    let mut declared = (0u32..).zip(&dataset.columns).filter(|(_, c)| c.key);
    match (declared.next(), declared.next()) {
        (Some((i, _)), None) => Some(i),
        // A key of several columns is no key of one.
        (Some(_), Some(_)) => None,
        (None, _) => {
            let is_own = |name: &str| KEYS.iter().any(|k| plain(name) == *k || plain(name).strip_prefix(table.as_str()) == Some(*k));
            (0u32..).zip(&dataset.columns).find(|(_, c)| is_own(&c.name)).map(|(i, _)| i)
        }
    }
}

/// Whether a table is called like one that holds more of another's rows: `member_ext` beside `members`.
pub(super) fn is_beside(table: &str, other: &str) -> bool {
    let (table, other) = (stem(table), stem(other));
    table != other && !other.is_empty() && (table.starts_with(&other) || table.ends_with(&other))
}

/// The column of a data set that a name elsewhere means, if it means one.
pub(super) fn key_meant(name: &str, table: &str, columns: &[Column]) -> Option<u32> {
    let (wanted, table) = (plain(name), stem(table));
    let means = |column: &str| {
        let key = plain(column);
        let own = key.strip_prefix(table.as_str());
        let is_key = KEYS.iter().any(|k| key == *k || own == Some(*k));
        let full = if own.is_some() { key.clone() } else { format!("{table}{key}") };
        // A column that is called like the table itself (`orders.member`) means its key.
        let whole = wanted == table && table.chars().count() >= 2;
        is_key && (whole || wanted == full || (full.chars().count() >= 4 && wanted.ends_with(&full)))
    };
    (0u32..).zip(columns).find(|(_, c)| means(&c.name)).map(|(i, _)| i)
}

/// A name without what people put between its words.
fn plain(name: &str) -> String {
    name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What a table holds one of, by its name: `shop.t_customers`, `Customers.csv` and `客户` hold a `customer`, a `customer` and a `客户`.
fn stem(table: &str) -> String {
    let name = table.rsplit('/').next().unwrap_or(table).to_lowercase();
    let name = [".csv", ".tsv", ".tab", ".jsonl", ".json", ".parquet"].iter().find_map(|e| name.strip_suffix(e)).unwrap_or(&name);
    let name = name.rsplit('.').next().unwrap_or(name);
    let name = ["tbl_", "tb_", "t_"].iter().find_map(|p| name.strip_prefix(p)).unwrap_or(name);
    let name = plain(name);
    match name.strip_suffix("ies") {
        Some(root) => format!("{root}y"),
        None => name.strip_suffix('s').unwrap_or(&name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_speak_for_a_reference() {
        let cases = [
            ("customer_id", "customers", "id", true),
            ("CustomerId", "Customer", "CustomerId", true),
            ("buyer_customer_id", "t_customer", "id", true),
            ("客户编号", "客户", "编号", true),
            ("客户编号", "客户", "客户编号", true),
            ("category_id", "categories", "id", true),
            ("member", "members", "id", true),
            ("会员", "会员", "编号", true),
            ("customer_id", "Customer.csv", "customer_id", true),
            ("id", "customers", "id", false),
            ("name", "customers", "name", false),
            ("customer_name", "customers", "name", false),
            ("video", "videos", "id", true),
            ("idvideo", "videos", "no", false),
            ("paid", "p", "id", false),
        ];
        for (name, table, key, expected) in cases {
            let column = Column { name: key.to_owned(), ..Column::default() };
            assert_eq!(key_meant(name, table, &[column]).is_some(), expected, "{name} → {table}.{key}");
        }
    }

    #[test]
    fn names_that_say_a_key_of_nothing_here() {
        assert!(["buyer_id", "BUYER_ID", "CardNo", "id", "会员编号"].iter().all(|n| is_called_key(n)));
        assert!(!["remark", "paid", "video", "idle", ""].iter().any(|n| is_called_key(n)));
        let beside =
            [("member_ext", "members", true), ("vip_member", "member", true), ("member", "members", false), ("shop", "member", false)];
        for (table, other, expected) in beside {
            assert_eq!(is_beside(table, other), expected, "{table} beside {other}");
        }
    }
}
