//! Questions, answers and the plan: computed from documents alone, so that anyone can compute it again.

use std::collections::BTreeSet;

use case::{By, Command, Event, PlanMade};
use ledger::Entry;
use plan::{ArchiveItem, Change, Consequence, Inputs, PlanDoc, PlanInputs, Question, diff, questions};
use terms::json::Json;
use terms::{Answer, Answers, Digest, Fault, Holdings, Id, Inventory, Outcome, Value};

use agreement::Agreement;

use crate::agreements::{agreements, noticed};
use crate::index::SealIndex;
use crate::settled::{count_settled, ending};
use crate::workspace::Workspace;

/// A plan that was made.
#[derive(Clone, Debug)]
pub struct PlanReport {
    /// Its entry.
    pub n: u64,
    /// The document.
    pub doc: PlanDoc,
    /// What moved since the plan before.
    pub changes: Option<Vec<Change>>,
}

/// What is known for planning now.
pub(crate) struct Known {
    pub inputs: PlanInputs,
    pub holdings: Holdings,
    pub inventory: Inventory,
    pub agreements: Vec<Agreement>,
    pub archives: Vec<Id>,
}

impl Workspace {
    /// The event of an entry of this case.
    ///
    /// # Errors
    /// If there is no such entry.
    pub fn event(&self, n: u64) -> Result<Event, Fault> {
        let line = usize::try_from(n)
            .ok()
            .and_then(|n| self.lines().ok()?.into_iter().nth(n))
            .ok_or_else(|| Fault::new("no_such_entry").with("entry", n))?;
        let entry = Entry::parse(&line).map_err(|_| Fault::new("ledger_damaged").with("entry", n))?;
        Event::read(&entry.kind, &entry.facts).ok().flatten().ok_or_else(|| Fault::new("ledger_damaged").with("entry", n))
    }
}

/// The model document of the newest subjects.
fn model(workspace: &Workspace) -> Result<Json, Fault> {
    let subjects_n = workspace.state.subjects_n.ok_or_else(|| Fault::new("no_subjects"))?;
    let Event::SubjectsRecorded(subjects) = workspace.event(subjects_n)? else { return Err(Fault::new("no_subjects")) };
    workspace.get_json(&subjects.model_doc)
}

/// The holdings as they were recorded with the newest subjects.
pub(crate) fn recorded_holdings(workspace: &Workspace) -> Result<Holdings, Fault> {
    let digest = model(workspace)?.get("holdings").and_then(Json::as_str).and_then(|t| t.parse::<Digest>().ok());
    workspace.get_json(&digest.ok_or_else(|| Fault::new("document_form"))?)
}

/// The archives in which the newest seals lie, newest first.
pub(crate) fn archives(workspace: &Workspace) -> Result<Vec<Id>, Fault> {
    let model = model(workspace)?;
    let all = model.get("archives").and_then(Json::as_array).ok_or_else(|| Fault::new("document_form"))?;
    all.iter().map(|a| a.as_str().and_then(Id::new).ok_or_else(|| Fault::new("document_form"))).collect()
}

/// Gathers what is known for planning.
pub(crate) fn known(workspace: &Workspace) -> Result<Known, Fault> {
    let mut holdings = recorded_holdings(workspace)?;
    for h in &mut holdings.holdings {
        h.given.insert("holding.hold".to_owned(), Value::YesNo(workspace.state.held(h.dataset.as_str())));
    }
    let (_, inventory_doc, _) = workspace.state.scans.last().ok_or_else(|| Fault::new("no_subjects"))?;
    let inventory: Inventory = workspace.get_json(inventory_doc)?;
    let mut answers = Vec::new();
    for (_, doc) in &workspace.state.answers {
        let sheet: Answers = workspace.get_json(doc)?;
        answers.extend(sheet.answers);
    }
    let asked = asked_acts(workspace);
    let acts: Vec<String> = workspace.state.acts.keys().filter(|a| asked.contains(a.as_str())).cloned().collect();
    let agreements = agreements(workspace)?;
    let mut case = workspace.file.facts();
    // As far as the ledger knows: an incident is open until an act says that it is closed; a keeper is named once an act says so.
    let count = |act: &str| workspace.state.acts.get(act).map_or(0, Vec::len);
    case.insert("case.incident_open".to_owned(), Value::YesNo(count("incident_opened") > count("incident_closed")));
    for (act, fact) in [("keeper_named", "case.keeper_named"), ("pipia_done", "case.pipia_done")] {
        if acts.iter().any(|a| a == act) {
            case.insert(fact.to_owned(), Value::YesNo(true));
        }
    }
    let inputs = PlanInputs {
        acts,
        agreements: agreements.iter().map(|(_, doc, _)| *doc).collect(),
        noticed: noticed(workspace, &agreements)?,
        answers,
        as_of: workspace.today()?,
        case,
        holdings: workspace.put_json(&holdings)?,
        inventory: *inventory_doc,
        packs: crate::packs::put(&workspace.packs, &workspace.documents)?,
    };
    let agreements = agreements.into_iter().map(|(_, _, a)| a).collect();
    Ok(Known { inputs, holdings, inventory, agreements, archives: archives(workspace)? })
}

/// Acts that a plan rests on: those that a gate of the packs asks for, and those that facts of the case are told by.
/// Others, like the answers to standing tasks, may come at any time without moving it.
fn asked_acts(workspace: &Workspace) -> BTreeSet<String> {
    let gates = workspace.packs.book.rules().filter_map(|r| r.gate.as_ref());
    let asked = gates.filter_map(|g| g.shown_by.strip_prefix("act.recorded(")?.strip_suffix(')').map(str::to_owned));
    asked.chain(["incident_opened", "keeper_named", "pipia_done"].map(str::to_owned)).collect()
}

/// Holdings without what was settled since they were recorded.
pub(crate) fn bare(mut holdings: Holdings) -> Holdings {
    holdings.holdings.iter_mut().flat_map(|h| &mut h.branches).for_each(|b| b.settled.clear());
    holdings
}

impl Known {
    pub(crate) fn with<T>(&self, workspace: &Workspace, use_it: impl FnOnce(&Inputs<'_>) -> T) -> T {
        let acts: BTreeSet<String> = self.inputs.acts.iter().cloned().collect();
        use_it(&Inputs {
            book: &workspace.packs.book,
            table: &workspace.packs.table,
            case: &self.inputs.case,
            holdings: &self.holdings,
            answers: &self.inputs.answers,
            acts: &acts,
            agreements: &self.agreements,
            noticed: &self.inputs.noticed,
            as_of: self.inputs.as_of,
        })
    }
}

/// The open questions, best first.
///
/// # Errors
/// If nothing was sealed yet.
pub fn open_questions(workspace: &Workspace) -> Result<Vec<Question>, Fault> {
    let known = known(workspace)?;
    Ok(known.with(workspace, questions))
}

/// The holdings that an answer for all of them speaks of: those whose case file does not say it.
///
/// # Errors
/// If nothing was sealed yet.
pub fn holdings_lacking(workspace: &Workspace, fact: &str) -> Result<Vec<String>, Fault> {
    let known = known(workspace)?;
    Ok(known.holdings.holdings.iter().filter(|h| !h.given.contains_key(fact)).map(|h| h.name.clone()).collect())
}

/// The plan as it would be now, without recording it.
///
/// # Errors
/// If nothing was sealed yet.
pub fn plan_now(workspace: &Workspace) -> Result<PlanDoc, Fault> {
    let known = known(workspace)?;
    Ok(document(workspace, known))
}

fn document(workspace: &Workspace, known: Known) -> PlanDoc {
    let safety_days = workspace.state.opened.as_ref().map_or(30, |o| o.safety_days);
    // Every archive that lives ends with the plan: the one that backs it, and those of earlier seals.
    let older = workspace.state.backups.values().filter(|b| b.end.is_none() && !known.archives.contains(&b.archive));
    let archives = known
        .archives
        .iter()
        .chain(older.map(|b| &b.archive))
        .cloned()
        .enumerate()
        .filter_map(|(i, archive)| Some(ArchiveItem { archive, item: Id::new(format!("i-archive{}", i + 1))?, safety_days }))
        .collect();
    let packs = &workspace.packs;
    PlanDoc::compute(known.inputs, archives, &known.agreements, &known.holdings, &known.inventory, &packs.book, &packs.table)
}

/// Reads the plan in force.
///
/// # Errors
/// If there is none.
pub fn read_plan(workspace: &Workspace) -> Result<(u64, PlanDoc), Fault> {
    let plan = workspace.state.plan.as_ref().filter(|p| !p.withdrawn).ok_or_else(|| Fault::new("no_plan"))?;
    Ok((plan.n, workspace.get_json(&plan.made.plan_doc)?))
}

/// The measured consequence of the plan in force: what its approvers sign.
///
/// # Errors
/// If there is no plan.
pub fn consequence(workspace: &Workspace) -> Result<Consequence, Fault> {
    let plan = workspace.state.plan.as_ref().filter(|p| !p.withdrawn).ok_or_else(|| Fault::new("no_plan"))?;
    workspace.get_json(&plan.made.consequence_doc)
}

/// Makes and records the plan.
///
/// # Errors
/// If nothing was sealed yet.
pub fn make_plan(workspace: &mut Workspace) -> Result<PlanReport, Fault> {
    crate::recording::unmoved(workspace)?;
    crate::survey::register(workspace)?;
    sync_holds(workspace)?;
    let before = read_plan(workspace).ok();
    let mut known = known(workspace)?;
    for holding in &mut known.holdings.holdings {
        // What is settled already is neither shown nor approved again.
        let newest = workspace.state.newest_seals().into_iter().filter(|s| s.dataset == holding.dataset && !ending(workspace, s.n));
        let seals: Vec<case::Seal> = newest.cloned().collect();
        let mut indexes = Vec::new();
        for seal in &seals {
            indexes.push((seal, SealIndex::load(workspace, &SealIndex::name(seal.scan_n, &seal.dataset))?));
        }
        let all: Vec<(&case::Seal, &SealIndex)> = indexes.iter().map(|(s, i)| (*s, i)).collect();
        count_settled(workspace, holding, &all)?;
    }
    known.inputs.holdings = workspace.put_json(&known.holdings)?;
    let holdings = known.holdings.clone();
    let doc = document(workspace, known);
    let old = before.as_ref().map(|(_, old)| &old.plan);
    let consequence = Consequence::of(&doc.plan, &holdings, &workspace.packs, old);
    let state = &workspace.state;
    let seals = state.newest_seals();
    let irreversible = doc.plan.items.iter().filter(|i| i.irreversible()).count() as u64;
    let schemas: BTreeSet<Digest> = seals.iter().map(|s| s.schema_doc).collect();
    let made = PlanMade {
        consequence_doc: workspace.put_json(&consequence)?,
        inventory_n: state.last_scan().unwrap_or_default(),
        irreversible,
        items: doc.plan.items.len() as u64,
        law_date: doc.inputs.as_of,
        pack_docs: doc.inputs.packs.clone(),
        plan_doc: workspace.put_json(&doc)?,
        run_n: None,
        schema_docs: schemas.into_iter().collect(),
        seal_ns: seals.iter().map(|s| s.n).collect(),
        subjects_n: state.subjects_n,
        undecided: doc.plan.totals.get(&Outcome::Undecided).copied().unwrap_or_default(),
    };
    let rules: BTreeSet<String> = doc.plan.rows.iter().flat_map(|r| r.winners.iter().cloned()).collect();
    let numbers = workspace.record(Command::RecordUnder(By::Operator, Event::PlanMade(made), rules.into_iter().collect()))?;
    let changes = before.map(|(_, old)| diff(&old.plan, &doc.plan));
    Ok(PlanReport { n: numbers.first().copied().unwrap_or_default(), doc, changes })
}

/// Makes the open holds equal to the case file's.
pub(crate) fn sync_holds(workspace: &mut Workspace) -> Result<(), Fault> {
    let mut places = workspace.places()?;
    let mut wanted = Vec::new();
    for hold in workspace.file.holds.clone() {
        let id = Id::new(format!("h-{}", hold.id.value)).ok_or_else(|| Fault::new("document_form"))?;
        let mut datasets: BTreeSet<String> = BTreeSet::new();
        for pattern in &hold.datasets {
            if pattern == "*" {
                datasets.insert("*".to_owned());
                continue;
            }
            let Some((source, table)) = pattern.split_once('/') else { continue };
            let Some(i) = workspace.file.sources.iter().position(|s| s.id.value == source) else { continue };
            let Ok((_, mut open)) = workspace.source(i) else { continue };
            for d in open.list(&mut places)?.datasets {
                if case::file::fits(table, &d.name) {
                    datasets.insert(d.place.to_string());
                }
            }
        }
        if datasets.is_empty() {
            return Err(Fault::new("hold_covers_nothing").with("hold", &hold.id.value));
        }
        let until = hold.until.as_ref().and_then(|u| u.value.parse().ok());
        wanted.push(case::HoldPlaced { datasets: datasets.into_iter().collect(), hold: id, until });
    }
    workspace.record(Command::Holds(wanted))?;
    Ok(())
}

/// Records answers; those that only counsel may give are signed with counsel's key.
///
/// # Errors
/// If a question is not known, a value does not fit, or a holding does not exist.
pub fn answer(workspace: &mut Workspace, answers: Vec<Answer>) -> Result<Vec<u64>, Fault> {
    let known = known(workspace)?;
    let mut out = Vec::new();
    for a in answers {
        let fact = workspace.packs.table.get(&a.fact).ok_or_else(|| Fault::new("no_such_fact").with("fact", &a.fact))?;
        if !fact.fits(&a.value) {
            return Err(Fault::new("answer_does_not_fit").with("fact", &a.fact));
        }
        let holding = match &a.holding {
            None => None,
            Some(name) => {
                let found = known.holdings.holdings.iter().find(|h| h.name == *name);
                Some(found.ok_or_else(|| Fault::new("no_such_holding").with("holding", name))?)
            }
        };
        let place = holding.map(|h| format!("@{}", h.dataset)).unwrap_or_default();
        let branch = a.branch.map(|b| format!("#{b}")).unwrap_or_default();
        let by = if a.fact.starts_with("case.opinion_") { By::Counsel } else { By::Operator };
        let value = a.value.clone();
        let question = format!("{}{place}{branch}", a.fact);
        let answers_doc = workspace.put_json(&Answers { answers: vec![a] })?;
        let event = Event::AnswerGiven(case::AnswerGiven { answers_doc, question, value });
        out.extend(workspace.record(Command::Record(by, event))?);
    }
    Ok(out)
}
