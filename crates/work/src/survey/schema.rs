//! The schema of a data set as a document.

use std::collections::BTreeMap;

use detect::Headers;
use inventory::shown_name;
use sources::Dataset;
use terms::json::{Json, json};
use terms::{Digest, Fault};

use crate::workspace::Workspace;

/// The schema as a document: names only where they may be shown.
pub(super) fn schema_document(workspace: &Workspace, dataset: &Dataset, headers: &Headers) -> Result<Digest, Fault> {
    let columns: Vec<_> = dataset
        .columns
        .iter()
        .map(|c| {
            let mut column = BTreeMap::from([
                ("declared", Json::from(type_word(&c.declared))),
                ("key", Json::from(c.key)),
                ("not_null", Json::from(c.not_null)),
                ("unique", Json::from(c.unique)),
            ]);
            if let Some(name) = shown_name(&c.name, dataset.is_table, headers) {
                column.insert("name", Json::from(name));
            }
            column
        })
        .collect();
    let mut schema = json!({"columns": columns, "encoding": dataset.encoding.word(), "type": "custody.schema", "v": 1});
    if let (Some(fields), reading @ 1..) = (schema.as_object_mut(), dataset.reading) {
        fields.insert("reading".to_owned(), reading.into());
    }
    workspace.put_json(&schema)
}

/// The schema document of a data set as it is now.
pub(crate) fn schema_of(workspace: &Workspace, dataset: &Dataset) -> Result<Digest, Fault> {
    let headers = Headers::shipped().map_err(|_| Fault::new("shipped_data_damaged"))?;
    schema_document(workspace, dataset, &headers)
}

/// A declared type as one of the usual words: SQLite lets people write anything there, even a name.
fn type_word(declared: &str) -> &'static str {
    const KNOWN: [&str; 16] = [
        "INTEGER", "INT", "BIGINT", "SMALLINT", "TEXT", "VARCHAR", "NVARCHAR", "CHAR", "REAL", "DOUBLE", "FLOAT", "NUMERIC", "DECIMAL",
        "DATE", "DATETIME", "BLOB",
    ];
    let word = declared.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_uppercase();
    KNOWN.into_iter().find(|k| *k == word).unwrap_or(if declared.is_empty() { "" } else { "OTHER" })
}
