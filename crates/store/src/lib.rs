//! Where a workspace keeps its ledger and its documents: SQLite in WAL mode and a folder of content addresses.

mod documents;
mod ledger_table;

pub use documents::Documents;
pub use ledger_table::{Appended, LedgerStore};
