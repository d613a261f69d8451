//! The command line.

mod record;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub use record::{ActArgs, Record, RecordArgs};

/// 善后 · Custody: carries a company's customer information lawfully to its end, and proves it.
#[derive(Parser, Debug)]
#[command(
    name = "custody",
    version,
    arg_required_else_help = true,
    after_help = "EXAMPLES:
  custody demo                         a whole practice case, ending with a verified dossier
  custody init                         write a commented case.yaml by asking
  custody scan && custody subjects     look at everything, match rows to persons, seal them
  custody plan && custody explain Customer.contact
  custody verify case.dossier.zip      exit code 0 yes, 1 no, 2 incomplete, 64 and above error

PASSPHRASES come from a prompt, a file (--passphrase-file and its like), or the environment:
  CUSTODY_PASSPHRASE                   the operator's key, which also opens the vault
  CUSTODY_KEY_PASSPHRASE               the key file named with --key; the key that `keygen` makes
  CUSTODY_COUNSEL_PASSPHRASE           counsel's key, for opinions
MEMORY: what would need more than there is, or than CUSTODY_MEMORY_MB allows, is refused before anything is done"
)]
pub struct Args {
    /// The case file.
    #[arg(long, short = 'c', global = true, default_value = "case.yaml")]
    pub case: PathBuf,
    /// Print JSON for programs.
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of the screen (default: the case file's, else that of the system).
    #[arg(long, global = true, value_enum)]
    pub lang: Option<LangArg>,
    /// File that holds the operator's passphrase (else CUSTODY_PASSPHRASE, else a prompt).
    #[arg(long, global = true)]
    pub passphrase_file: Option<PathBuf>,
    /// In a practice case, or with --dry-run: act as if it were that day.
    #[arg(long, global = true)]
    pub as_of: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A language.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LangArg {
    /// 中文
    Zh,
    /// English
    En,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write a commented case file, by asking or from flags.
    #[command(after_help = "EXAMPLES:
  custody init
  custody init --company 某某商贸有限公司 --uscc 91310000MA1K000006 --scenario dissolution --source shop=shop.db --yes")]
    Init(InitArgs),
    /// Make a key: the private key file under a passphrase, and the public file for the case.
    #[command(after_help = "EXAMPLES:
  custody keygen keys/operator --use operator
  custody keygen keys/li --use approver")]
    Keygen(KeygenArgs),
    /// Shares of the root key: print, try, and use them when a passphrase is lost.
    #[command(
        subcommand,
        after_help = "EXAMPLES:
  custody keeper drill                                   type the words of two shares
  custody keeper drill --share one.txt --share two.txt   files with the words, or the text of the codes
  custody keeper recover                                 the operator's passphrase is lost
  custody keeper split                                   a holder left: three new shares, the old ones open nothing"
    )]
    Keeper(Keeper),
    /// Look at every table, sheet, file and column: findings, tiers, coverage.
    Scan {
        /// Only look which rights erasing would need, and print the GRANT statements to ask for
        #[arg(long)]
        rights: bool,
    },
    /// Show the real names behind places (src1/f2): they lie in the vault, and are written nowhere else.
    #[command(after_help = "EXAMPLES:
  custody places                 every table, file, sheet and member that a scan met
  custody places src1/f2 src1/t8")]
    Places {
        /// Only these, and what lies in them
        places: Vec<String>,
    },
    /// Match rows to persons and seal them.
    Subjects,
    /// Show what is still to be answered, fewest questions first.
    Questions,
    /// Answer questions; signed into the ledger.
    #[command(after_help = "EXAMPLES:
  custody answer holding.open_matter=no                     for all holdings
  custody answer holding.statutory_copy@Invoice=yes
  custody answer case.opinion_eu=keep_restricted            signed with counsel's key")]
    Answer(AnswerArgs),
    /// Compute and record the plan: a decision table with reasons; a second one shows the difference.
    Plan(PlanArgs),
    /// Tell one decision in words.
    #[command(after_help = "EXAMPLE:\n  custody explain Customer.contact --lang en")]
    Explain {
        /// A row's id as `custody plan` prints it, or the beginning of one.
        id: String,
    },
    /// See the measured consequence, then sign the plan with a registered key.
    Approve(ApproveArgs),
    /// Record what no scan can see: what was done by hand, approvals, agreements, receipts, keys, opinions.
    #[command(after_help = "EXAMPLES:
  custody record announcement --evidence photo.jpg --by 李四 --on 2026-05-01
  custody record task_not_applicable --about src1 --about t-sync_folders_cleaned --note 从未安装过云盘
  custody record approval li.approval.json                   signed in approve.html or with custody approve
  custody record approval --check-number 1234-5678-90 --evidence scan.jpg --reader keys/li.key
  custody record agreement agreement.yaml --evidence signed.pdf
  custody record receipt pkg-0123.receipt.json
  custody record key li.pub --name 李四 --countersign keys/wang.key --present
  custody record accept-unread --until 2027-12-31            signed with counsel's key
  custody record revoke k-0123456789abcdef0123 --reason left
  custody record amend --key keys/li.key                     after case.yaml was changed

`custody status --tasks` lists what is open, with the kind of act that answers each.")]
    Record(RecordArgs),
    /// Restore the archive, compare every row, and record that the backup counts.
    Backup,
    /// Carry out what is due today; says what waits until when.
    Apply {
        /// Only say what would be done and try it with the first rows, taken back; also before anybody approved.
        #[arg(long)]
        dry_run: bool,
    },
    /// Look later whether what was destroyed came back: a fresh scan, cells and raw files; what is found is recorded.
    #[command(after_help = "EXAMPLES:
  custody recheck                                           weeks later, on the sources themselves
  custody recheck --copy shop=restored/shop.db              on a copy that somebody restored; nothing is recorded")]
    Recheck(RecheckArgs),
    /// Search the raw files alone for what was destroyed; nothing is recorded.
    Remains(RemainsArgs),
    /// Restore the archive into a folder.
    #[command(after_help = "EXAMPLES:
  custody restore --to restored                                          one SQLite database with everything
  custody restore --into shop=postgres://me@127.0.0.1:5432/empty         the rows of one source, into empty tables of the same names")]
    Restore {
        /// The folder; `restored.db` is made in it.
        #[arg(long, required_unless_present = "into")]
        to: Option<PathBuf>,
        /// A source by its id, and the store of the same kind that takes its rows: `id=path`
        #[arg(long, value_name = "ID=PATH", conflicts_with = "to")]
        into: Option<String>,
    },
    /// Where the case stands, what blocks, who holds which key.
    Status {
        /// List the standing tasks, how each is done, and what answers it.
        #[arg(long)]
        tasks: bool,
    },
    /// Make the dossier.
    Dossier {
        /// The file to write.
        #[arg(long, short = 'o', default_value = "case.dossier.zip")]
        out: PathBuf,
        /// Close the case first, if nothing is open any more.
        #[arg(long)]
        close: bool,
    },
    /// Signed folders for people who have access to what Custody cannot reach, and what comes back from them.
    #[command(
        subcommand,
        after_help = "EXAMPLES:
  custody pack platforms                                 for which platforms there are instructions
  custody pack request crm --platform youzan             instructions, columns wanted, counts to report
  custody pack request erp --dialect mysql               the same with SQL for a DBA
  custody pack import crm answer                         compare what came back; then custody scan
  custody pack erase erp --dialect mysql                 after custody apply ordered it: script and dry run
  custody pack result erp output.txt                     what the script printed; then custody apply looks again"
    )]
    Pack(Pack),
    /// Open a package that was handed over to you, check it, and sign for it.
    #[command(after_help = "EXAMPLES:
  custody receive pkg-0123.custody --key buyer.key --looked --into received
  custody receive pkg-0123.custody --key buyer.key --difference customers=missing:3

Without a terminal: receive.html does the same in a browser. Any age program opens the package, too.")]
    Receive(ReceiveArgs),
    /// Write the papers of the case (HTML for A4), and pages for people who only get a file.
    #[command(after_help = "EXAMPLES:
  custody papers                        list them, with who gets each and why
  custody papers all --to papers        every paper that makes sense now
  custody papers disposal_plan destruction_certificate
  custody papers verify                 verify.html: checks a dossier in a browser, offline")]
    Papers(PapersArgs),
    /// Verify a dossier offline.
    Verify(VerifyArgs),
    /// Run a whole practice case in a new folder.
    Demo {
        /// The folder to make.
        #[arg(long, default_value = "custody-demo")]
        into: PathBuf,
    },
    /// Write an offline page for somebody without a terminal: a recipient's, who makes a key in it, or a verifier's
    #[command(
        after_help = "Examples:\n  custody page receive            → receive.html, for a buyer to make a key with, open a package and sign for it\n  custody page verify -o v.html"
    )]
    Page {
        /// Which page.
        which: PageOf,
        /// The file to write (default: `receive.html`, `verify.html`).
        #[arg(long, short = 'o')]
        out: Option<PathBuf>,
    },
    /// Print the JSON Schema of a file.
    Schema {
        /// Which file.
        what: SchemaOf,
    },
}

/// Pages that need no case.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum PageOf {
    /// For a recipient.
    Receive,
    /// For a verifier.
    Verify,
}

/// Files that people write.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum SchemaOf {
    /// `case.yaml`.
    Case,
    /// `agreement.yaml`.
    Agreement,
}

/// What `pack` does.
#[derive(Subcommand, Debug)]
pub enum Pack {
    /// List the platforms for which there are instructions.
    Platforms,
    /// Ask for an export.
    Request {
        /// The source, by its id in the case file.
        source: String,
        /// Whose instructions (default: generic_database).
        #[arg(long)]
        platform: Option<String>,
        /// Write SQL, too: sqlite, postgresql, mysql, sqlserver.
        #[arg(long)]
        dialect: Option<String>,
        /// The new folder (default: pack-SOURCE).
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Compare what came back with what was asked and counted; from then on it is read as the source.
    Import {
        /// The source, by its id in the case file; the data that came back is moved to its path.
        source: String,
        /// The folder that came back.
        folder: PathBuf,
    },
    /// Ask for what is ordered on a source to be erased.
    Erase {
        /// The source, by its id in the case file.
        source: String,
        /// Whose instructions (default: generic_database).
        #[arg(long)]
        platform: Option<String>,
        /// The dialect of the script: sqlite, postgresql, mysql, sqlserver (default: sqlite for such a source; else a list instead of a script).
        #[arg(long)]
        dialect: Option<String>,
        /// Rows of one transaction.
        #[arg(long, default_value_t = 500)]
        batch: usize,
        /// The new folder (default: erase-SOURCE).
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Take in what a script printed.
    Result {
        /// The source, by its id in the case file.
        source: String,
        /// The output.
        file: PathBuf,
    },
}

/// What `keeper` does.
#[derive(Subcommand, Debug)]
pub enum Keeper {
    /// Split a fresh root key into three sheets; shares of before open nothing any more.
    Split {
        /// The folder for the sheets (default: `shares` beside the case file).
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Try two shares, before anything irreversible is done.
    Drill(ShareArgs),
    /// Put vault and operator key under a new passphrase, by two shares.
    Recover(ShareArgs),
}

/// Where shares come from.
#[derive(clap::Args, Debug)]
pub struct ShareArgs {
    /// A file with the words of a share, or the text of its code. Twice; else you are asked.
    #[arg(long)]
    pub share: Vec<PathBuf>,
}

/// What `init` may be told.
#[derive(clap::Args, Debug)]
pub struct InitArgs {
    /// Registered name of the company.
    #[arg(long)]
    pub company: Option<String>,
    /// Unified social credit code.
    #[arg(long)]
    pub uscc: Option<String>,
    /// What happens to the company: share_transfer, asset_transfer, merger, division, dissolution, simplified_deregistration, forced_deregistration,
    /// bankruptcy, cease_service, dormancy.
    #[arg(long)]
    pub scenario: Option<String>,
    /// Sectors, separated by commas.
    #[arg(long)]
    pub sectors: Option<String>,
    /// Day on which the service stops.
    #[arg(long)]
    pub service_stop: Option<String>,
    /// Last day on which anybody can act for the company.
    #[arg(long)]
    pub last_day: Option<String>,
    /// A source, `name=path`; the kind is told from the path. May be repeated.
    #[arg(long)]
    pub source: Vec<String>,
    /// Do not ask; what is missing gets a placeholder to fill in.
    #[arg(long)]
    pub yes: bool,
}

/// What `keygen` needs.
#[derive(clap::Args, Debug)]
pub struct KeygenArgs {
    /// Name of the files: NAME.key and NAME.pub.
    pub name: PathBuf,
    /// What the key is for: operator, approver, counsel, keeper, recipient, countersigner.
    #[arg(long = "use", default_value = "approver")]
    pub purpose: String,
}

/// What `answer` needs.
#[derive(clap::Args, Debug)]
pub struct AnswerArgs {
    /// `fact=value`, `fact@holding=value`, `fact@holding#branch=value`.
    #[arg(required = true)]
    pub answers: Vec<String>,
    /// The role that answers (default: the one that the question names).
    #[arg(long)]
    pub by: Option<String>,
    /// File that holds counsel's passphrase, for opinions.
    #[arg(long)]
    pub counsel_passphrase_file: Option<PathBuf>,
}

/// What `plan` may be told.
#[derive(clap::Args, Debug)]
pub struct PlanArgs {
    /// Only show what the plan would be; nothing is recorded.
    #[arg(long)]
    pub dry_run: bool,
}

/// What `approve` needs.
#[derive(clap::Args, Debug)]
pub struct ApproveArgs {
    /// The approver's private key file.
    #[arg(long)]
    pub key: PathBuf,
    /// File that holds the approver's passphrase.
    #[arg(long)]
    pub key_passphrase_file: Option<PathBuf>,
    /// Why; kept sealed, only a commitment is signed.
    #[arg(long, default_value = "")]
    pub reason: String,
    /// Sign a refusal; it takes back an approval that the same person gave.
    #[arg(long)]
    pub refuse: bool,
    /// Only write the signed approval to this file.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Sign without asking again.
    #[arg(long)]
    pub yes: bool,
}

/// What `receive` needs.
#[derive(clap::Args, Debug)]
pub struct ReceiveArgs {
    /// The package, *.custody.
    pub file: PathBuf,
    /// The recipient's private key file.
    #[arg(long)]
    pub key: PathBuf,
    /// File that holds the recipient's passphrase (else CUSTODY_KEY_PASSPHRASE, else a prompt).
    #[arg(long)]
    pub key_passphrase_file: Option<PathBuf>,
    /// A new folder to write the files into.
    #[arg(long)]
    pub into: Option<PathBuf>,
    /// You looked at a sample yourself.
    #[arg(long)]
    pub looked: bool,
    /// A difference, `data=kind:rows`; kinds: missing, extra, changed, duplicated, truncated, encoding, other. May be repeated.
    #[arg(long)]
    pub difference: Vec<String>,
    /// The receipt to write (default: beside the package).
    #[arg(long, short = 'o')]
    pub out: Option<PathBuf>,
}

/// What `papers` may be told.
#[derive(clap::Args, Debug)]
pub struct PapersArgs {
    /// Papers to write, `all`, or `verify` and `receive` for the pages.
    pub names: Vec<String>,
    /// The folder to write them into.
    #[arg(long, default_value = "papers")]
    pub to: PathBuf,
}

/// What `verify` may be told.
#[derive(clap::Args, Debug)]
pub struct VerifyArgs {
    /// The dossier.
    pub file: PathBuf,
    /// Digest of the policy that the reader trusts, as the case's parties told it.
    #[arg(long)]
    pub policy_digest: Option<terms::Digest>,
}

/// Where `remains` looks, or the filter that it makes for an outsider.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  custody remains\n  custody remains --filter-to case.filter --key-to case.key --agreement a-1\n\n\
                        The outsider then runs: custody-verify remains --filter case.filter PATH…")]
pub struct RemainsArgs {
    #[command(flatten)]
    pub looks: RecheckArgs,
    /// Make a blinded filter of what was destroyed, for one search by an outsider
    #[arg(long, value_name = "FILE", requires_all = ["key_to", "agreement"], conflicts_with = "copy")]
    pub filter_to: Option<PathBuf>,
    /// Where the key of the filter goes; it travels apart from it
    #[arg(long, value_name = "FILE", requires = "filter_to")]
    pub key_to: Option<PathBuf>,
    /// The entrusting agreement under which the outsider searches
    #[arg(long, value_name = "ID", requires = "filter_to")]
    pub agreement: Option<String>,
}

/// Where `recheck` and `remains` look.
#[derive(Debug, clap::Args)]
pub struct RecheckArgs {
    /// Look at a copy of a source instead: `id=path`, as often as needed
    #[arg(long, value_name = "ID=PATH")]
    pub copy: Vec<String>,
}
