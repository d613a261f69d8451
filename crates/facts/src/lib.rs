//! Typed facts, three-valued expressions over them, periods and clocks: what laws and desks reason with.

mod clock;
mod expr;
mod lex;
mod table;
mod truth;
mod words;

pub use clock::{Clock, Period, Unit};
pub use expr::{Expr, Lookup};
pub use table::{Fact, Kind, Producer, Table, TableError};
pub use truth::{Truth, Verdict};
pub use words::Words;
