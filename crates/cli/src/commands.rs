//! One file for each command.

mod answer;
mod approve;
mod demo;
mod init;
mod keeper;
mod keygen;
mod lifecycle;
mod pack;
mod pages;
mod papers;
mod places;
mod plan;
mod receive;
mod recheck;
mod record;
mod scan;
mod status;
mod verify;

use law::Packs;
use terms::{Day, Fault, Lang};
use work::{Clock, Workspace};

use crate::args::{Args, Command};
use crate::secrets::Asker;
use crate::{packs, say};

/// What every command is given.
pub struct Session<'a> {
    /// The arguments.
    pub args: &'a Args,
    /// The language.
    pub lang: Lang,
}

/// Runs a command; gives the exit code.
///
/// # Errors
/// The fault that ended it.
pub fn run(args: &Args) -> Result<u8, Fault> {
    let session = Session { args, lang: say::language(args) };
    match &args.command {
        Command::Init(a) => init::run(&session, a),
        Command::Keeper(k) => keeper::run(&session, k),
        Command::Keygen(a) => keygen::run(&session, a),
        Command::Scan { rights: true } => scan::rights(&session),
        Command::Scan { rights: false } => scan::scan(&session),
        Command::Places { places } => places::run(&session, places),
        Command::Subjects => scan::subjects(&session),
        Command::Questions => answer::questions(&session),
        Command::Answer(a) => answer::answer(&session, a),
        Command::Plan(a) => plan::plan(&session, a),
        Command::Explain { id } => plan::explain(&session, id),
        Command::Approve(a) => approve::run(&session, a),
        Command::Record(r) => record::run(&session, r),
        Command::Backup => lifecycle::backup(&session),
        Command::Apply { dry_run } => lifecycle::apply(&session, *dry_run),
        Command::Recheck(a) => recheck::run(&session, a, true),
        Command::Remains(a) => recheck::remains(&session, a),
        Command::Restore { to, into } => lifecycle::restore(&session, to.as_deref(), into.as_deref()),
        Command::Dossier { out, close } => lifecycle::dossier(&session, out, *close),
        Command::Status { tasks } => status::run(&session, *tasks),
        Command::Receive(a) => receive::run(&session, a),
        Command::Pack(p) => pack::run(&session, p),
        Command::Papers(a) => papers::run(&session, a),
        Command::Verify(a) => verify::run(&session, a),
        Command::Demo { into } => demo::run(&session, into),
        Command::Page { which, out } => pages::run(&session, *which, out.as_deref()),
        Command::Schema { what } => init::schema(*what),
    }
}

impl Session<'_> {
    /// The case file, checked.
    ///
    /// # Errors
    /// If it is missing or faulty; the faults are printed.
    pub fn case_file(&self, packs: &Packs) -> Result<case::file::CaseFile, Fault> {
        let bytes = std::fs::read(&self.args.case).map_err(|_| Fault::new("case_file_missing").with("file", self.args.case.display()))?;
        let file = case::file::read_bytes(&bytes).and_then(|f| {
            let more = f.check_against(&packs.table);
            if more.is_empty() { Ok(f) } else { Err(more) }
        });
        file.map_err(|faults| {
            say::case_faults(&self.args.case, &faults, self.lang, self.args.json);
            Fault::new("case_file_faulty").with("count", faults.len()).with("file", self.args.case.display())
        })
    }

    /// The workspace, unlocked if it is to be written.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn workspace(&self, write: bool, dry_run: bool) -> Result<Workspace, Fault> {
        self.workspace_with(write, dry_run, None)
    }

    /// A workspace that has begun: what only looks never makes one.
    ///
    /// # Errors
    /// If there is none yet, or it cannot be opened.
    pub fn begun(&self) -> Result<Workspace, Fault> {
        if self.workspace(false, false)?.state.next == 0 {
            return Err(Fault::new("no_workspace"));
        }
        self.workspace(true, false)
    }

    /// As [`Session::workspace`] with a file for counsel's passphrase.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub fn workspace_with(&self, write: bool, dry_run: bool, counsel: Option<&std::path::PathBuf>) -> Result<Workspace, Fault> {
        let packs = packs::shipped()?;
        let file = self.case_file(&packs)?;
        let simulated = match &self.args.as_of {
            None => None,
            Some(day) if dry_run || file.simulated => Some(day.parse::<Day>().map_err(|_| Fault::new("usage"))?),
            Some(_) => return Err(Fault::new("as_of_not_allowed")),
        };
        let mut workspace = Workspace::open(&self.args.case, file, packs, Clock { simulated }, write)?;
        let last = workspace.state.day_of(workspace.state.last_at).filter(|_| write && workspace.state.next > 0);
        if let Some(last) = last.filter(|last| simulated.is_some_and(|day| day < *last)) {
            return Err(Fault::new("clock_back").with("day", last));
        }
        if write {
            workspace.unlock(&mut self.asker(counsel))?;
            keeper::first(self, &mut workspace)?;
        }
        Ok(workspace)
    }

    /// Asks for passphrases.
    pub fn asker(&self, counsel: Option<&std::path::PathBuf>) -> Asker {
        Asker { operator: self.args.passphrase_file.clone(), counsel: counsel.cloned(), lang: self.lang }
    }

    /// One of two texts.
    pub fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        say::pick(self.lang, zh, en)
    }

    /// Prints a line for people; nothing with `--json`.
    pub fn tell(&self, zh: &str, en: &str) {
        if !self.args.json {
            println!("{}", self.pick(zh, en));
        }
    }
}
