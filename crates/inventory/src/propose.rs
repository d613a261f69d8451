//! Proposals from names and findings: the record class of a data set, the field group of a column, the name that may be shown.

use detect::{HeaderSays, Headers, Kind};
use terms::Finding;

use crate::category::personal;
use crate::gather::ColumnFound;

/// Share of values in which a kind must be found before the values speak for the column.
const SHARE_PERCENT: u64 = 5;

/// A column as declared, with what the lexicon says.
#[derive(Clone, Debug)]
pub struct Declared<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is part of the key.
    pub key: bool,
    /// What was found in it.
    pub found: &'a ColumnFound,
}

/// Findings of a column, values first, then its name; `people` if other columns show that the rows are about persons: then `name` is one's.
pub fn findings(column: &Declared<'_>, headers: &Headers, people: bool) -> Vec<Finding> {
    let mut out: Vec<Finding> = column
        .found
        .findings
        .iter()
        .map(|(kind, values)| Finding { category: kind.word().to_owned(), values: *values, by: "value".to_owned() })
        .collect();
    out.sort_by_key(|f| std::cmp::Reverse(f.values));
    if let HeaderSays::Kind { kind, sure } = headers.read(column.name)
        && personal(&kind)
        && fits(&kind, column)
        && (sure || people)
        && column.found.filled > 0
        && !out.iter().any(|f| f.category == kind)
    {
        out.push(Finding { category: kind, values: 0, by: "name".to_owned() });
    }
    out
}

/// Kinds whose values are never numbers, days or times.
const WORDS: [&str; 13] = [
    "person_name",
    "given_name",
    "family_name",
    "company_name",
    "address",
    "city",
    "province",
    "country",
    "email",
    "note",
    "wechat",
    "plate",
    "biometric",
];
/// Kinds that a number called so may be though its name ends in `id`.
const IDS: [&str; 5] = ["customer_id", "member_id", "employee_id", "order_id", "qq"];

/// Whether a column can be what its name says, by how its values are stored: `last_update` is nobody's last name, `address_id` no address.
fn fits(kind: &str, column: &Declared<'_>) -> bool {
    let stored = &column.found.stored;
    if stored.is_empty() || !stored.keys().all(|w| matches!(*w, "integer" | "real" | "other")) {
        return true;
    }
    let whole = stored.keys().all(|w| *w == "integer");
    let is_id = whole && column.name.to_lowercase().ends_with("id");
    !WORDS.contains(&kind) && (!is_id || IDS.contains(&kind))
}

/// Whether the values of some column are such as only persons have.
pub fn about_people(columns: &[Declared<'_>]) -> bool {
    let often = |c: &Declared<'_>, values: u64| values * 2 >= c.found.filled.max(1);
    let own = |kind: &Kind| matches!(kind, Kind::ResidentId | Kind::Mobile | Kind::Email | Kind::BankCard);
    columns.iter().any(|c| c.found.findings.iter().any(|(kind, values)| own(kind) && often(c, *values)))
}

/// Categories that stand: found in enough values, or announced by the name.
pub fn categories(column: &Declared<'_>, findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .filter(|f| f.by == "name" || f.values * 100 >= column.found.filled * SHARE_PERCENT)
        .map(|f| f.category.clone())
        .collect()
}

/// What the lexicon says a column is, personal or not.
fn kind_of(column: &Declared<'_>, headers: &Headers) -> Option<String> {
    let mut best: Option<(Kind, u64)> = None;
    for (kind, values) in &column.found.findings {
        if values * 2 >= column.found.filled.max(1) && best.is_none_or(|(_, n)| *values > n) {
            best = Some((*kind, *values));
        }
    }
    match (best, headers.read(column.name)) {
        (Some((kind, _)), _) => Some(kind.word().to_owned()),
        (None, HeaderSays::Kind { kind, .. }) if fits(&kind, column) => Some(kind),
        _ => None,
    }
}

/// The record class that names and columns speak for; none if they say too little.
pub fn propose_class(name: &str, columns: &[Declared<'_>], headers: &Headers) -> Option<&'static str> {
    let name = name.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| name.contains(w));
    let has = |kind: &str| columns.iter().any(|c| kind_of(c, headers).as_deref() == Some(kind));
    let named = has("person_name") || has("given_name") || has("family_name");
    if says(&["employee", "staff", "员工", "职工", "yuangong"]) || (named && has("hire_date")) {
        return Some("employee");
    }
    if says(&["kyc", "实名", "尽调", "尽职"]) {
        return Some("kyc");
    }
    if says(&["invoice", "fapiao", "voucher", "发票", "凭证"]) {
        return Some("voucher");
    }
    if says(&["newsletter", "marketing", "subscriber", "营销", "推广", "订阅"])
        || (has("marketing_opt") && !says(&["customer", "member", "客户", "会员"]))
    {
        return Some("marketing_list");
    }
    if says(&["member", "loyalty", "会员", "积分", "huiyuan"]) || has("points") {
        return Some("member_profile");
    }
    if says(&["order", "订单", "dingdan"]) && !says(&["border", "recorder"]) {
        return Some("order");
    }
    if says(&["customer", "client", "客户", "顾客", "kehu"]) {
        return Some("customer_register");
    }
    None
}

/// The field group of each column for a class; none for columns that speak of nobody.
pub fn propose_groups(class: &str, columns: &[Declared<'_>], headers: &Headers) -> Vec<Option<&'static str>> {
    columns.iter().map(|c| group(class, kind_of(c, headers).as_deref(), c)).collect()
}

fn group(class: &str, kind: Option<&str>, column: &Declared<'_>) -> Option<&'static str> {
    let kind = kind.unwrap_or_default();
    let name = matches!(kind, "person_name" | "given_name" | "family_name" | "company_name" | "uscc");
    let address = matches!(kind, "address" | "city" | "province" | "country" | "postcode");
    let contact = matches!(kind, "mobile" | "phone" | "fax" | "email" | "wechat" | "qq");
    let identity = matches!(kind, "resident_id" | "passport" | "biometric" | "plate");
    match class {
        "employee" => Some(match kind {
            _ if contact => "contact",
            _ if address => "postal",
            "birth_date" => "birth",
            _ if identity => "identity",
            "bank_card" => "account",
            "employee_id" => return None,
            "" if column.key => return None,
            _ => "employment",
        }),
        "voucher" => Some(match kind {
            _ if name || address => "buyer",
            _ if contact => "contact",
            _ if identity => "identity",
            _ => "voucher",
        }),
        "order" => Some(match kind {
            _ if name || address || contact => "postal",
            _ if identity => "identity",
            "" if column.key => return None,
            "customer_id" | "member_id" | "order_id" => return None,
            _ => "transaction",
        }),
        "kyc" => Some(match kind {
            _ if name || identity || kind == "birth_date" || kind == "sex" => "identity",
            _ if contact || address => "contact",
            "marketing_opt" => "marketing",
            "" if column.key => return None,
            "customer_id" | "member_id" => return None,
            _ => "transaction",
        }),
        "marketing_list" => match kind {
            "" if column.key => None,
            "customer_id" | "member_id" => None,
            _ => Some("marketing"),
        },
        "customer_register" => match kind {
            "person_name" | "given_name" | "family_name" => Some("buyer"),
            "company_name" => Some("contact"),
            _ if address => Some("postal"),
            _ if contact => Some("contact"),
            _ if identity => Some("identity"),
            "birth_date" | "age" => Some("birth"),
            "bank_card" => Some("account"),
            "marketing_opt" => Some("marketing"),
            "sex" | "points" | "note" => Some("profile"),
            "login" | "password" | "device_id" | "ip" => Some("account"),
            _ => None,
        },
        "member_profile" => match kind {
            _ if name || contact => Some("contact"),
            _ if address => Some("postal"),
            _ if identity => Some("identity"),
            "" if column.key => None,
            "customer_id" | "member_id" => None,
            "guardian_name" | "guardian_phone" => Some("contact"),
            "birth_date" | "age" => Some("birth"),
            "bank_card" => Some("account"),
            "marketing_opt" => Some("marketing"),
            _ => Some("profile"),
        },
        _ => match kind {
            "" => None,
            _ if contact => Some("contact"),
            _ if address => Some("postal"),
            _ if identity => Some("identity"),
            _ => Some("profile"),
        },
    }
}

/// The name of a table or column, if no person can be in it.
pub fn shown_name(name: &str, declared: bool, headers: &Headers) -> Option<String> {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ' ' | '-' | '.')) && name.chars().count() <= 64;
    let mut texts = detect::Texts::default();
    texts.push(name.as_bytes());
    let mut hits = detect::Hits::default();
    detect::detectors().iter().for_each(|d| d.find(&texts, &mut hits));
    let known = headers.knows(name) || (declared && name.is_ascii() && !detect::names_a_person(name));
    (plain && digits < 5 && known && hits.iter().next().is_none()).then(|| name.to_owned())
}
