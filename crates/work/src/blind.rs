//! A blinded filter of what was destroyed, for one search by an outsider under one agreement (EVIDENCE §10).

mod files;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agreement::Agreement;
use case::{ActRecorded, AgreementRole, AgreementState, By, Event};
use remains::{BlindKey, Blinded, Kind, Needles};
use rows::Encoding;
use terms::json::{Json, json};
use terms::{Digest, Fault, Id, Place};
use zeroize::Zeroizing;

use crate::agreements::SEARCH;
use crate::attachments;
use crate::lists::load_list;
use crate::look::{sight_in_forms, too_many, unlawful};
use crate::progress::Progress;
use crate::recheck::{columns_of, done};
use crate::staying::Staying;
use crate::survey::open_sources;
use crate::workspace::Workspace;

/// Where a filter goes, and under which agreement.
#[derive(Clone, Debug)]
pub struct Blind {
    /// Its file.
    pub filter: PathBuf,
    /// The file of its key, which travels apart.
    pub key: PathBuf,
    /// The agreement under which it is used.
    pub agreement: String,
}

/// Acts that begin and end the life of a filter.
const MADE: &str = "remains_filter_made";
const DESTROYED: &str = "remains_filter_destroyed";

/// Makes a filter of what was destroyed of the fields that the agreement names, and that no row lawfully holds; gives the number of its fingerprints and the commitment.
///
/// # Errors
/// If there is no such agreement in force, an earlier filter was not destroyed yet, a source cannot be read, or a file is there already: then
/// nothing is written. If a file cannot be filled after the entry was made: then none is left.
pub fn blind(workspace: &mut Workspace, how: &Blind, progress: &dyn Progress) -> Result<(u64, Digest), Fault> {
    let today = workspace.today()?;
    // By the id of its file, or as the ledger has it.
    let named =
        |a: &&AgreementState| a.agreement.as_str() == how.agreement || a.agreement.as_str().strip_prefix("g-") == Some(&how.agreement);
    let entrusts = |a: &&AgreementState| a.role == AgreementRole::Processor && a.from <= today && today <= a.to;
    // The newest of that id: what replaced an agreement ended it.
    let known = workspace.state.agreements.values().rfind(named).filter(entrusts);
    let known = known.ok_or_else(|| Fault::new("agreement_not_in_force").with("agreement", &how.agreement))?;
    let (agreement, terms): (Id, Agreement) = (known.agreement.clone(), workspace.get_json(&known.doc)?);
    if !terms.purposes.iter().any(|p| p == SEARCH) {
        return Err(Fault::new("agreement_of_other_purpose").with("agreement", &how.agreement));
    }
    let of = |kind: &str| workspace.state.acts.get(kind).and_then(|all| all.iter().max()).copied();
    if of(MADE) > of(DESTROYED) {
        return Err(Fault::new("filter_not_destroyed"));
    }
    let statement_file = how.filter.with_extension("statement.json");
    let paths = [how.filter.as_path(), how.key.as_path(), statement_file.as_path()];
    files::free(&paths)?;
    let blinded_of = needles(workspace, &terms, progress)?;
    let key = BlindKey::new(Zeroizing::new(vault::random()?));
    let blinded = Blinded::of(&blinded_of, &key);
    if blinded.is_empty() {
        return Err(Fault::new("nothing_to_look_for"));
    }
    let commitment = Digest(blinded.commitment(&key));
    let count = blinded.len() as u64;
    let statement = json!({"commitment": commitment, "fingerprints": count, "type": "custody.remains_filter", "v": 1});
    // Nobody has a filter of which no entry tells: the files are taken before it, and filled after it.
    let taken = files::Taken::of(&paths)?;
    record(workspace, &statement_file, &agreement, &statement)?;
    taken.fill(&[&blinded.to_bytes(), key.digits().as_bytes(), statement.to_string().as_bytes()])?;
    Ok((count, commitment))
}

/// The columns of a data set that an agreement names: no other value is anything to its party.
fn entrusted(terms: &Agreement, dataset: &Place) -> BTreeSet<u32> {
    terms.fields.iter().filter(|f| f.dataset == *dataset).flat_map(|f| f.columns.iter().chain(&f.also)).copied().collect()
}

/// Needles of all destructions whose values are still known, as far as the agreement names their fields.
fn needles(workspace: &mut Workspace, terms: &Agreement, progress: &dyn Progress) -> Result<Needles, Fault> {
    let mut opened = open_sources(workspace)?;
    let orders = done(workspace);
    let mut all = Needles::new();
    progress.begin("look", Some(orders.len() as u64));
    for (order_n, order) in orders {
        let seal =
            workspace.state.seals.get(&order.seal_n).cloned().ok_or_else(|| Fault::new("order_does_not_fit").with("item", &order.item))?;
        progress.add(1);
        if workspace.state.backup_of(seal.n).is_none() {
            continue;
        }
        let entrusted = entrusted(terms, &seal.dataset);
        let columns: Vec<u32> = columns_of(workspace, &order)?.into_iter().filter(|c| entrusted.contains(c)).collect();
        if columns.is_empty() {
            continue;
        }
        let rows = load_list(workspace, &format!("done-{order_n}"))?;
        let staying = Staying::of(workspace, &opened, seal.dataset.source(), false)?;
        let here = seal.dataset.source().to_owned();
        let listed = opened.listed.iter().find(|l| l.dataset.place == seal.dataset);
        let encoding = listed.map_or(Encoding::Utf8, |l| l.dataset.encoding);
        let Some((_, Some(open))) = opened.sources.iter_mut().find(|(p, _)| p.as_str() == here) else {
            return Err(Fault::new("source_not_open").with("place", &seal.dataset));
        };
        let sight = sight_in_forms(workspace, open.as_ref(), &seal, &rows, &columns, (false, Some(encoding)))?;
        unlawful(open.as_mut(), &seal.dataset, &staying, sight)?.move_to(&mut all, Kind::Alone);
    }
    progress.end();
    all.whole().map_err(too_many)?;
    Ok(all)
}

/// The entry: that a filter was made, under which agreement, and what it commits to.
fn record(workspace: &mut Workspace, file: &Path, agreement: &Id, statement: &Json) -> Result<(), Fault> {
    let called = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let sealed = attachments::seal_bytes(workspace, vec![(called, statement.to_string().into_bytes())])?;
    let by = workspace.operator_person()?;
    let act =
        ActRecorded { about: vec![agreement.to_string()], by, day: workspace.today()?, evidence: sealed.names, kind: MADE.to_owned() };
    workspace.record_with_body(By::Operator, Event::ActRecorded(act), json!({"evidence": sealed.body, "statement": statement}))?;
    Ok(())
}
