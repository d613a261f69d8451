//! The residue experiment: plants made-up values in real stores, deletes a third of them, and counts in the raw files what is still there.
//!
//! It uses nothing of Custody: a second opinion, whose tables stand in `docs/why/residue.md`.

mod count;
mod lookers;
mod mariadb;
mod page;
mod postgres;
mod search;
mod server;
mod sqlite;
mod table;
mod values;

pub use count::Count;
pub use page::{Page, written_into};
pub use table::{Figures, Looker, Measured, Row, Sight};

/// A store that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    Sqlite,
    Postgresql,
    Mariadb,
}

impl Store {
    pub const ALL: [Store; 3] = [Store::Sqlite, Store::Postgresql, Store::Mariadb];

    /// As it is called by `--only` and by the markers of the page.
    pub fn word(self) -> &'static str {
        match self {
            Store::Sqlite => "sqlite",
            Store::Postgresql => "postgresql",
            Store::Mariadb => "mariadb",
        }
    }

    /// Measures it with so many values a structure; an error says which figure cannot be right.
    pub fn measure(self, values: usize) -> Result<Measured, String> {
        match self {
            Store::Sqlite => sqlite::measure(values),
            Store::Postgresql => postgres::measure(values),
            Store::Mariadb => mariadb::measure(values),
        }
    }
}
