//! What other people are handed: offline pages and papers, each one self-contained HTML file.

mod page;

pub use page::{Kind, module_built, page};
