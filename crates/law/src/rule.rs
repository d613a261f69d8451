//! A checked rule: expressions parsed, clocks resolved, defaults of its pack filled in.

use facts::{Clock, Expr, Period, Table};
use terms::{Both, Day};

use crate::duty::{Duty, RuleKind, Tier};
use crate::pack::{Accept, Conflict, Consent, Gate, PackFile, RuleCases, RuleFile};

/// What a rule may permit or bar: outcomes and the act of handing over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the words of DESIGN §3
pub enum Act {
    Continue,
    Retain,
    Transfer,
    Return,
    Anonymise,
    Destroy,
    HandOver,
}

impl Act {
    /// The act of that word.
    pub fn of_word(word: &str) -> Option<Act> {
        Some(match word {
            "continue" => Act::Continue,
            "retain" => Act::Retain,
            "transfer" => Act::Transfer,
            "return" => Act::Return,
            "anonymise" => Act::Anonymise,
            "destroy" => Act::Destroy,
            "hand_over" => Act::HandOver,
            _ => return None,
        })
    }
}

/// A rule, checked.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // the fields are those of the table in PACKS §2
pub struct Rule {
    pub id: String,
    pub pack: String,
    pub law: String,
    pub law_title: Both,
    pub title: Both,
    pub article: String,
    pub says: Both,
    pub tier: Tier,
    /// Tier of the text that orders this rule, if one does.
    pub delegated_by: Option<Tier>,
    pub in_force: Day,
    pub until: Option<Day>,
    pub kind: RuleKind,
    /// overlay ∧ when ∧ ¬unless
    pub when: Expr,
    pub duty: Duty,
    pub permits: Vec<Act>,
    pub bars: Vec<Act>,
    pub period: Option<(Period, Clock)>,
    pub due: Option<(Clock, Option<Clock>)>,
    /// Whether a number of days or a date in `due` is a product default.
    pub due_is_default: bool,
    pub gate: Option<Gate>,
    pub consent: Option<Consent>,
    /// Rules that have no effect where this one has.
    pub beats: Vec<String>,
    pub beaten_by: Vec<String>,
    pub accepts: Option<std::collections::BTreeMap<Tier, Accept>>,
    pub accepts_retention_of: Option<Vec<String>>,
    pub conflict: Option<Conflict>,
    pub needs_counsel: Option<Both>,
    pub penalty: Option<Both>,
    pub refs: Vec<String>,
    /// Whether the words of the law were compared with its text.
    pub quote_checked: bool,
    /// Whether the rule was known from memory only: it can keep, never destroy.
    pub from_memory: bool,
    pub reviewed_by: Option<String>,
    pub cases: RuleCases,
}

impl Rule {
    /// Whether it is in force on that day.
    pub fn in_force_on(&self, day: Day) -> bool {
        self.in_force <= day && self.until.is_none_or(|u| day < u)
    }

    /// Checks a rule's file against its pack and the fact table.
    ///
    /// # Errors
    /// Each fault as (field, what).
    pub(crate) fn check(file: RuleFile, pack: &PackFile, table: &Table) -> Result<Rule, Vec<(String, String)>> {
        let mut faults: Vec<(String, String)> = Vec::new();
        let when = condition(&file, pack, table, &mut faults);
        let acts = |field: &str, words: &[String], faults: &mut Vec<(String, String)>| -> Vec<Act> {
            words
                .iter()
                .filter_map(|w| {
                    let act = Act::of_word(w);
                    if act.is_none() {
                        faults.push((field.to_owned(), format!("`{w}` is neither an outcome nor an act")));
                    }
                    act
                })
                .collect()
        };
        let permits = acts("permits", &file.permits, &mut faults);
        let mut bars = acts("bars", &file.bars, &mut faults);
        if bars.is_empty() {
            bars = match file.duty {
                Duty::Retain | Duty::Hold => vec![Act::Destroy, Act::Anonymise, Act::Return],
                Duty::Consent => vec![Act::HandOver],
                _ => Vec::new(),
            };
        }
        let clock = |field: &str, text: &str, faults: &mut Vec<(String, String)>| {
            Clock::parse(text, table).map_err(|e| faults.push((field.to_owned(), e))).ok()
        };
        let period = file.period.as_ref().and_then(|p| clock("period.from", &p.from, &mut faults).map(|c| (p.min, c)));
        let due = file.due.as_ref().and_then(|d| {
            let from = clock("due.from", &d.from, &mut faults)?;
            let until = match &d.until {
                Some(text) => Some(clock("due.until", text, &mut faults)?),
                None => None,
            };
            Some((from, until))
        });
        form(&file, table, &mut faults);
        let penalty = file.penalty.as_ref().and_then(|p| {
            let found = pack.penalties.get(p).cloned();
            if found.is_none() {
                faults.push(("penalty".into(), format!("`{p}` is not in pack.yaml")));
            }
            found
        });
        let (Some(when), true) = (when, faults.is_empty()) else { return Err(faults) };
        let delegated_by = file.delegated_by.as_ref().or(pack.delegated_by.as_ref()).map(|d| d.tier);
        Ok(Rule {
            id: file.rule,
            pack: pack.pack.clone(),
            law: pack.law.clone(),
            law_title: pack.title.clone(),
            title: file.title,
            article: file.article,
            says: file.says,
            tier: file.tier.unwrap_or(pack.tier),
            delegated_by,
            in_force: file.in_force,
            until: file.until,
            kind: file.kind,
            when,
            duty: file.duty,
            permits,
            bars,
            period,
            due,
            due_is_default: file.due.is_some_and(|d| d.is == "product_default"),
            gate: file.gate,
            consent: file.consent,
            beats: file.beats,
            beaten_by: file.beaten_by,
            accepts: file.accepts,
            accepts_retention_of: file.accepts_retention_of,
            conflict: file.conflict,
            needs_counsel: file.needs_counsel,
            penalty,
            refs: file.refs,
            quote_checked: file.quote.is_none(),
            from_memory: file.verified.as_deref() == Some("M"),
            reviewed_by: file.reviewed_by,
            cases: file.cases,
        })
    }
}

fn condition(file: &RuleFile, pack: &PackFile, table: &Table, faults: &mut Vec<(String, String)>) -> Option<Expr> {
    let mut parts = Vec::new();
    let texts = [("overlay", &pack.overlay), ("when", &file.when), ("unless", &file.unless)];
    for (field, text) in texts.into_iter().filter_map(|(f, t)| t.as_ref().map(|t| (f, t))) {
        match Expr::parse(text, table) {
            Ok(e) if field == "unless" => parts.push(Expr::Not(Box::new(e))),
            Ok(e) => parts.push(e),
            Err(what) => {
                faults.push((field.to_owned(), what));
                return None;
            }
        }
    }
    let whole = Expr::And(parts);
    let mut named = std::collections::BTreeSet::new();
    whole.facts(&mut named);
    if file.kind != RuleKind::Gates && named.iter().any(|n| n.starts_with("plan.")) {
        faults.push(("when".into(), "only gates may read `plan.` facts".into()));
    }
    Some(whole)
}

/// What the form demands beyond the types: PACKS §2, column "checked when loaded".
fn form(file: &RuleFile, table: &Table, faults: &mut Vec<(String, String)>) {
    let mut fault = |field: &str, what: &str| faults.push((field.to_owned(), what.to_owned()));
    // A notice that opens a route (PIPL 22) decides: it permits what it is about.
    let opens_route = file.duty == Duty::Notify && !file.permits.is_empty();
    if file.kind != file.duty.usual_kind() && file.kind_why.is_none() && !opens_route {
        fault("kind", "does not go with its duty: say why in `kind_why`");
    }
    if file.duty == Duty::Retain && file.period.is_none() {
        fault("period", "a rule that retains has a period");
    }
    if file.duty == Duty::Delete && file.due.is_none() {
        fault("due", "a rule that deletes says from when");
    }
    if file.duty == Duty::Consent && file.consent.is_none() {
        fault("consent", "a rule of consent names the fact");
    }
    if file.duty == Duty::StorageOnly && file.accepts.is_none() {
        fault("accepts", "storage-only says which tiers count");
    }
    if file.kind == RuleKind::Gates && file.gate.is_none() {
        fault("gate", "a gate says what it stands before");
    }
    if file.when.is_none() && file.kind != RuleKind::Informs {
        fault("when", "a rule that decides or gates has a condition");
    }
    if file.cases.bites.is_empty() || file.cases.silent.is_empty() {
        fault("cases", "at least one case bites and one is silent");
    }
    for limit in [&file.says.zh, &file.says.en].iter().filter(|s| s.trim().is_empty()) {
        fault("says", if limit.is_empty() { "both languages are needed" } else { "is blank" });
    }
    if file.due.as_ref().is_some_and(|d| d.is != "law" && d.is != "product_default") {
        fault("due.is", "is `law` or `product_default`");
    }
    for name in file.consent.iter().flat_map(|c| std::iter::once(&c.fact).chain(&c.lifted_by)) {
        if table.get(name).is_none() {
            fault("consent", &format!("`{name}` is not in the fact table"));
        }
    }
    for given in file.cases.bites.iter().chain(&file.cases.silent).chain(&file.cases.asks) {
        let single = given.given.iter();
        let each = given.each.iter().flat_map(|(n, vs)| vs.iter().map(move |v| (n, v)));
        for (name, value) in single.chain(each) {
            match table.get(name) {
                None => fault("cases", &format!("`{name}` is not in the fact table")),
                Some(f) if !f.fits(value) => fault("cases", &format!("`{value}` is not a value of `{name}`")),
                Some(_) => {}
            }
        }
    }
}
