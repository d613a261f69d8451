//! `decide(state, command) → events`: what a command means, given where the case stands.

use std::collections::BTreeSet;

use terms::Day;

use crate::broken::Broken;
use crate::event::{
    ArchiveEnd, ArchiveFate, CaseClosed, Event, HoldLifted, HoldPlaced, RunClosed, RunOpened, SourceFrozen, SourceRegistered,
};
use crate::rules::after_close;
use crate::state::State;

/// Who signs a drafted event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The operator.
    Operator,
    /// The open run.
    Run,
    /// Counsel.
    Counsel,
}

/// An event on its way to an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The event.
    pub event: Event,
    /// Who signs it.
    pub by: By,
    /// Rules of law that it rests on, sorted.
    pub rules: Vec<String>,
}

impl Draft {
    /// A draft that rests on no rule of law.
    pub fn new(by: By, event: Event) -> Draft {
        Draft { event, by, rules: Vec::new() }
    }
}

/// What is asked of the case.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin a run; one that a crash left open is closed first.
    BeginRun(RunOpened),
    /// End the open run.
    EndRun(RunClosed),
    /// Make the register of sources equal to the case file's.
    Sources(Vec<SourceRegistered>, Vec<SourceFrozen>),
    /// Make the open holds equal to the case file's.
    Holds(Vec<HoldPlaced>),
    /// Record one event as it is.
    Record(By, Event),
    /// Record one event that rests on rules of law.
    RecordUnder(By, Event, Vec<String>),
    /// Close the case.
    Close {
        /// Tasks by hand that nobody answered.
        open_tasks: u64,
    },
}

/// The events that a command means now.
///
/// # Errors
/// The rule that forbids it in this state; signatures and facts are checked when the entries are admitted.
pub fn decide(state: &State, command: Command) -> Result<Vec<Draft>, Broken> {
    let drafts = match command {
        Command::BeginRun(run) => begin_run(state, run),
        Command::EndRun(end) => vec![Draft::new(By::Run, Event::RunClosed(end))],
        Command::Sources(sources, frozen) => sources_of(state, sources, frozen),
        Command::Holds(holds) => holds_of(state, holds),
        Command::Record(by, event) => vec![Draft::new(by, event)],
        Command::RecordUnder(by, event, rules) => {
            let rules: BTreeSet<String> = rules.into_iter().collect();
            vec![Draft { event, by, rules: rules.into_iter().collect() }]
        }
        Command::Close { open_tasks } => vec![Draft::new(By::Operator, Event::CaseClosed(close(state, open_tasks)))],
    };
    drafts.iter().try_for_each(|d| after_close(state, &d.event))?;
    Ok(drafts)
}

fn begin_run(state: &State, run: RunOpened) -> Vec<Draft> {
    let lost = state.run.as_ref().map(|r| {
        let end = RunClosed { done: vec!["lost".to_owned()], run_n: r.n, waits: Vec::new() };
        Draft::new(By::Operator, Event::RunClosed(end))
    });
    lost.into_iter().chain([Draft::new(By::Operator, Event::RunOpened(run))]).collect()
}

fn sources_of(state: &State, sources: Vec<SourceRegistered>, frozen: Vec<SourceFrozen>) -> Vec<Draft> {
    // What may not be said of a source while orders on it are open is said by the next scan.
    let new = sources.into_iter().filter(|s| state.may_register(s)).map(Event::SourceRegistered);
    let fixed: Vec<Event> = frozen
        .into_iter()
        .filter(|f| state.sources.get(&f.source).is_none_or(|s| s.frozen != Some(f.from)))
        .map(Event::SourceFrozen)
        .collect();
    new.chain(fixed).map(|e| Draft::new(By::Operator, e)).collect()
}

fn holds_of(state: &State, wanted: Vec<HoldPlaced>) -> Vec<Draft> {
    let same = |w: &HoldPlaced, open: &crate::state::Hold| w.hold == open.hold && w.datasets == open.datasets && w.until == open.until;
    let lifted = state
        .holds
        .iter()
        .filter(|(_, open)| !wanted.iter().any(|w| same(w, open)))
        .map(|(n, _)| Event::HoldLifted(HoldLifted { evidence: Vec::new(), hold_n: *n }));
    let placed = wanted.iter().filter(|w| !state.holds.values().any(|open| same(w, open))).cloned().map(Event::HoldPlaced);
    let all: Vec<Event> = lifted.chain(placed).collect();
    all.into_iter().map(|e| Draft::new(By::Operator, e)).collect()
}

fn close(state: &State, open_tasks: u64) -> CaseClosed {
    let archives = state
        .backups
        .values()
        .map(|b| ArchiveFate { archive: b.archive.clone(), end: b.end.unwrap_or(ArchiveEnd::Kept), until: None::<Day> })
        .collect();
    CaseClosed { archives, open_tasks }
}
