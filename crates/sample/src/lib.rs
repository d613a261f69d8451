//! A made-up Chinese retailer for practice: a shop database, a GB18030 loyalty file, a member list with children. No real person.

mod dba;
mod loyalty;
mod members;
mod people;
mod shop;

pub use dba::run_script;

use std::path::Path;

use terms::Fault;

/// How large the company is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Customers of the shop.
    pub customers: u32,
    /// Rows of the loyalty file.
    pub loyalty: u32,
    /// Rows of the member list.
    pub members: u32,
}

impl Default for Size {
    fn default() -> Size {
        Size { customers: 5_000, loyalty: 1_200, members: 300 }
    }
}

/// Makes the company's data in a folder: `data/shop.db`, `data/erp.db`, `data/loyalty/`, `data/lists/`.
///
/// # Errors
/// If a file cannot be written.
pub fn make(folder: &Path, size: Size) -> Result<(), Fault> {
    let failed = |_| Fault::new("sample_unwritable");
    for sub in ["data/loyalty", "data/lists"] {
        std::fs::create_dir_all(folder.join(sub)).map_err(failed)?;
    }
    shop::make(&folder.join("data/shop.db"), size.customers).map_err(|_| Fault::new("sample_unwritable"))?;
    dba::make(&folder.join("data/erp.db")).map_err(|_| Fault::new("sample_unwritable"))?;
    loyalty::make(&folder.join("data/loyalty/loyalty-2025.csv"), size.loyalty, size.customers).map_err(failed)?;
    members::make(&folder.join("data/lists/members.xlsx"), size.members).map_err(|_| Fault::new("sample_unwritable"))
}
