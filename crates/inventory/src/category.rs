//! Categories of fields and their tiers: public, private, sensitive (PIPL 28; GB/T 45574).

use terms::Tier;

/// Whether a category is sensitive personal information by itself.
pub fn sensitive(category: &str) -> bool {
    matches!(
        category,
        "resident_id"
            | "passport"
            | "bank_card"
            | "health"
            | "biometric"
            | "religion"
            | "location"
            | "password"
            | "guardian_name"
            | "guardian_phone"
    )
}

/// The tier of a field with these categories.
pub fn tier_of<'a>(categories: impl IntoIterator<Item = &'a str>) -> Tier {
    let tier = |c: &str| match c {
        c if sensitive(c) => Tier::Sensitive,
        "uscc" | "company_name" => Tier::Public,
        _ => Tier::Private,
    };
    categories.into_iter().map(tier).max().unwrap_or(Tier::Public)
}

/// Whether a category of the lexicon speaks of a person; the others order or count.
pub(crate) fn personal(category: &str) -> bool {
    !matches!(
        category,
        "customer_id"
            | "employee_id"
            | "member_id"
            | "order_id"
            | "invoice_id"
            | "amount"
            | "voucher_date"
            | "order_date"
            | "relation_end_date"
    )
}
