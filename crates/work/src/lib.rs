//! Every long task of a case, resumable, with progress by callback: scan, match and seal, plan, back up, carry out, look again, shred, package.

mod align;
mod apply;
mod approve;
mod backup;
mod clock;
mod holdings;
mod index;
mod keys;
mod look;
mod package;
mod packs;
mod planning;
mod progress;
mod restore;
mod rowfacts;
mod seal;
mod shredding;
mod summary;
mod survey;
mod workspace;

pub use apply::{ApplyReport, Waiting, apply};
pub use approve::{approve, record_approval, statement_for};
pub use backup::{BackupReport, backup};
pub use clock::Clock;
pub use keys::{PublicFile, keygen};
pub use package::{DossierMade, dossier};
pub use planning::{PlanReport, answer, holdings_lacking, make_plan, open_questions, plan_now, read_plan};
pub use progress::{Progress, Silent};
pub use restore::restore;
pub use seal::{SubjectsReport, subjects};
pub use shredding::shred_due;
pub use survey::{ScanReport, scan};
pub use workspace::{Paths, Secrets, Workspace};
