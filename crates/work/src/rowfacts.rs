//! Facts of persons and records from their rows: residence, age, consent, dates; what the branches of the decision table are made of.

use inventory::Regions;
use rows::{Batch, Encoding, text_of};
use terms::{DatasetSeen, Day, Given, Value};

use crate::opened::Listed;

/// Consents that a column, or the case file for everybody, may tell.
const CONSENTS: [&str; 2] = ["consent_23", "guardian_consent"];

/// Which columns of a data set tell which fact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tells {
    pub region: Option<usize>,
    pub birth: Option<usize>,
    pub marketing: Option<usize>,
    pub withdrawn: Option<usize>,
    /// Facts that a column answers with yes or no.
    pub yes_no: Vec<(&'static str, usize)>,
    pub voucher_date: Option<usize>,
    pub completed_on: Option<usize>,
    pub relation_end: Option<usize>,
    /// Facts that hold for every person of the data set (`region: "=cn"` in the case file).
    pub everybody: Given,
}

impl Tells {
    /// From the case file, else from the lexicon's kinds of the columns.
    pub(crate) fn of(listed: &Listed, headers: &detect::Headers, class: &str) -> Tells {
        let columns = &listed.dataset.columns;
        let said = |fact: &str| {
            let name = listed.said.as_ref()?.tells.get(fact)?;
            columns.iter().position(|c| c.name == *name)
        };
        let kind = |kind: &str| {
            columns.iter().position(|c| matches!(headers.read(&c.name), detect::HeaderSays::Kind { kind: k, .. } if k == kind))
        };
        let constant = |fact: &str| listed.said.as_ref()?.tells.get(fact)?.strip_prefix('=').map(str::to_owned);
        let mut everybody = Given::new();
        everybody.extend(constant("region").map(|w| ("person.region".to_owned(), Value::One(w))));
        everybody.extend(constant("under14").map(|w| ("person.under14".to_owned(), Value::YesNo(w == "yes" || w == "true"))));
        everybody.extend(constant("marketing").map(|w| ("person.marketing".to_owned(), Value::One(w))));
        for fact in CONSENTS {
            everybody.extend(constant(fact).map(|w| (format!("person.{fact}"), Value::YesNo(w == "yes" || w == "true"))));
        }
        Tells {
            everybody,
            yes_no: CONSENTS.iter().filter_map(|fact| Some((*fact, said(fact)?))).collect(),
            region: said("region").or_else(|| kind("country")),
            birth: said("birth_date").or_else(|| kind("birth_date")),
            marketing: said("marketing").or_else(|| kind("marketing_opt")),
            withdrawn: said("withdrawn_on"),
            voucher_date: said("voucher_date").or_else(|| (class == "voucher").then(|| kind("voucher_date")).flatten()),
            completed_on: said("completed_on").or_else(|| (class == "order").then(|| kind("order_date")).flatten()),
            relation_end: said("relation_end").or_else(|| kind("relation_end_date")),
        }
    }
}

fn text(batch: &Batch, row: usize, column: Option<usize>, encoding: Encoding) -> Option<String> {
    let mut out = Vec::new();
    text_of(batch.cell(row, column?), encoding, &mut out);
    let text = String::from_utf8_lossy(&out).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The day at the beginning of a text: `2026-03-31 …`, `2026/3/31`, `20260331`, `2026年3月31日`.
pub(crate) fn day_in(text: &str) -> Option<Day> {
    let numbers: Vec<i16> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).take(3).filter_map(|p| p.parse().ok()).collect();
    let compact = text.get(..8).filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
    match (numbers.as_slice(), compact) {
        (_, Some(t)) => Day::new(t.get(..4)?.parse().ok()?, t.get(4..6)?.parse().ok()?, t.get(6..8)?.parse().ok()?),
        ([y, m, d], None) => Day::new(*y, i8::try_from(*m).ok()?, i8::try_from(*d).ok()?),
        _ => None,
    }
}

/// Facts of a record by itself.
pub(crate) fn record_facts(tells: &Tells, batch: &Batch, row: usize, encoding: Encoding) -> Given {
    let mut out = Given::new();
    let mut date = |name: &str, column: Option<usize>, round: bool| {
        if let Some(day) = text(batch, row, column, encoding).as_deref().and_then(day_in) {
            // Retention of vouchers counts from the end of the fiscal year: the year is all that matters, and says less.
            out.insert(name.to_owned(), Value::Date(if round { day.year_end() } else { day }));
        }
    };
    date("record.voucher_date", tells.voucher_date, true);
    date("record.completed_on", tells.completed_on, false);
    date("record.relation_end", tells.relation_end, false);
    out
}

/// Facts of the person that a record tells.
pub(crate) fn person_facts(
    tells: &Tells,
    batch: &Batch,
    row: usize,
    encoding: Encoding,
    regions: &Regions,
    today: Day,
    born: Option<Day>,
) -> Given {
    let mut out = tells.everybody.clone();
    let told = |column| text(batch, row, column, encoding);
    if let Some(region) = told(tells.region).and_then(|c| regions.of(&c).map(str::to_owned)) {
        out.insert("person.region".to_owned(), Value::One(region));
    }
    if let Some(born) = told(tells.birth).as_deref().and_then(day_in).or(born) {
        out.insert("person.under14".to_owned(), Value::YesNo(born.plus_years(14) > today));
    }
    if tells.marketing.is_some() {
        let word = told(tells.marketing).unwrap_or_default().to_lowercase();
        let consent = match word.as_str() {
            "1" | "true" | "yes" | "y" | "given" | "是" | "同意" | "已同意" => "given",
            "0" | "false" | "no" | "n" | "refused" | "否" | "拒绝" | "不同意" => "refused",
            "withdrawn" | "unsubscribed" | "撤回" | "已撤回" | "退订" => "withdrawn",
            _ => "never_asked",
        };
        out.insert("person.marketing".to_owned(), Value::One(consent.to_owned()));
    }
    for (fact, column) in &tells.yes_no {
        // What is neither yes nor no is not known; nobody consented by silence.
        let said = match told(Some(*column)).unwrap_or_default().to_lowercase().as_str() {
            "1" | "true" | "yes" | "y" | "given" | "是" | "同意" | "已同意" => Some(true),
            "0" | "false" | "no" | "n" | "refused" | "否" | "拒绝" | "不同意" => Some(false),
            _ => None,
        };
        out.extend(said.map(|s| (format!("person.{fact}"), Value::YesNo(s))));
    }
    if let Some(day) = told(tells.withdrawn).as_deref().and_then(day_in) {
        out.insert("person.withdrawn_on".to_owned(), Value::Date(day));
    }
    out
}

/// The birth date inside a resident identity number.
pub(crate) fn born(resident_id: &[u8]) -> Option<Day> {
    std::str::from_utf8(resident_id.get(6..14)?).ok().and_then(day_in)
}

/// Whether each row of a class stands for a person by itself.
pub(crate) fn stands_for_person(class: &str) -> bool {
    matches!(class, "customer_register" | "member_profile" | "marketing_list" | "kyc" | "employee")
}

/// Whether a data set is a holding: classified, and not as free of personal information.
pub(crate) fn is_holding(seen: &DatasetSeen) -> bool {
    seen.class.as_deref().is_some_and(|c| c != "none") && seen.columns.iter().any(|c| c.group.is_some())
}
