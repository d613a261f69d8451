//! What `record` may be told: an act of the packs, or one of the records that have their own words.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// An act, or one of the records that have their own words.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct RecordArgs {
    /// The act.
    #[command(flatten)]
    pub act: ActArgs,
    /// Another record.
    #[command(subcommand)]
    pub other: Option<Record>,
}

/// Something that was done: a notice, an announcement, paper shredded, a telephone cleaned, a provider's statement.
#[derive(clap::Args, Debug)]
pub struct ActArgs {
    /// The kind of act; a wrong one is answered with those that are near.
    #[arg(value_name = "TYPE")]
    pub kind: Option<String>,
    /// Files that show it; sealed in the vault. May be repeated.
    #[arg(long, num_args = 1..)]
    pub evidence: Vec<PathBuf>,
    /// Who did it (default: the operator). The name is sealed; the ledger says an id.
    #[arg(long)]
    pub by: Option<String>,
    /// The day on which it was done, YYYY-MM-DD (default: today).
    #[arg(long)]
    pub on: Option<String>,
    /// Source, data set, item, task (t-KIND), agreement or package that it is about. May be repeated.
    #[arg(long)]
    pub about: Vec<String>,
    /// In words; sealed.
    #[arg(long)]
    pub note: Option<String>,
}

/// What `record` takes down beside acts.
#[derive(Subcommand, Debug)]
pub enum Record {
    /// An approval that was signed elsewhere: a file, or a sheet of paper that came back.
    Approval {
        /// The signed approval, *.approval.json.
        #[arg(required_unless_present = "check_number", conflicts_with = "check_number")]
        file: Option<PathBuf>,
        /// The check number of a sheet that was signed by hand.
        #[arg(long, requires = "reader")]
        check_number: Option<String>,
        /// Scans or photos of the signed sheet.
        #[arg(long, num_args = 1..)]
        evidence: Vec<PathBuf>,
        /// Key file of a second person who compared the sheet with the plan.
        #[arg(long)]
        reader: Option<PathBuf>,
        /// File that holds the reader's passphrase (else CUSTODY_KEY_PASSPHRASE, else a prompt).
        #[arg(long)]
        reader_passphrase_file: Option<PathBuf>,
    },
    /// A signed agreement with its machine-readable terms.
    Agreement {
        /// The terms, agreement.yaml.
        file: PathBuf,
        /// Scans of the signed paper.
        #[arg(long, num_args = 1.., required = true)]
        evidence: Vec<PathBuf>,
    },
    /// A receipt that a recipient signed.
    Receipt {
        /// The receipt, *.receipt.json.
        file: PathBuf,
    },
    /// A key that joins after the case was opened, countersigned by an approver.
    Key {
        /// The public file, *.pub.
        file: PathBuf,
        /// Whose key it is, as the case file names them; the name is sealed.
        #[arg(long)]
        name: String,
        /// Key file of the countersigner.
        #[arg(long)]
        countersign: PathBuf,
        /// File that holds the countersigner's passphrase (else CUSTODY_KEY_PASSPHRASE, else a prompt).
        #[arg(long)]
        countersign_passphrase_file: Option<PathBuf>,
        /// Its holder was there and showed who they are.
        #[arg(long)]
        present: bool,
    },
    /// Counsel accepts that the places listed as unread stay unread.
    AcceptUnread {
        /// Last day of the opinion.
        #[arg(long)]
        until: String,
        /// File that holds counsel's passphrase.
        #[arg(long)]
        counsel_passphrase_file: Option<PathBuf>,
    },
    /// A key may sign nothing any more; approvals by it end.
    Revoke {
        /// The key's id, as `custody status` prints it.
        kid: String,
        /// Why.
        #[arg(long, value_enum)]
        reason: RevokeReason,
    },
    /// case.yaml was changed: the operator and one approver sign what moved.
    Amend {
        /// The approver's private key file.
        #[arg(long)]
        key: PathBuf,
        /// File that holds the approver's passphrase.
        #[arg(long)]
        key_passphrase_file: Option<PathBuf>,
    },
}

/// Why a key is revoked.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RevokeReason {
    /// The key file or its passphrase is lost.
    Lost,
    /// Somebody else may have it.
    Stolen,
    /// Its person left.
    Left,
}

impl RevokeReason {
    /// The word as it stands in the entry.
    pub fn word(self) -> &'static str {
        match self {
            RevokeReason::Lost => "lost",
            RevokeReason::Stolen => "stolen",
            RevokeReason::Left => "left",
        }
    }
}
