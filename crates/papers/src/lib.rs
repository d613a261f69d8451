//! What other people are handed: offline pages and papers, each one self-contained HTML file.

mod page;
mod paper;
mod qr;

pub use page::{Kind, module_built, page};
pub use paper::{Paper, paper, papers};
pub use qr::qr;
