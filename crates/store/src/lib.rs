//! Where a workspace keeps its ledger and its documents: SQLite in WAL mode and a folder of content addresses.

mod documents;
mod ledger_table;
mod restored;

pub use documents::Documents;
pub use ledger_table::{Appended, LedgerStore};
pub use restored::RestoredDatabase;
