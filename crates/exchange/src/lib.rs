//! Files for other people and from them: encrypted packages with CSV and Parquet, their manifest, and how a recipient checks them.

mod age;
mod csv;
mod manifest;
#[cfg(feature = "parquet")]
mod parquet;
mod reader;
pub mod sql;
#[cfg(feature = "parquet")]
mod writer;

pub use age::{Decryptor, Encryptor, Identity, Recipient};
pub use csv::{field, guarded, read_rows};
pub use manifest::{Agreed, Basis, DatasetPart, FilePart, GroupPart, Manifest};
pub use reader::{Checked, Opened, open};
#[cfg(feature = "parquet")]
pub use writer::{DatasetOut, PackageWriter};
