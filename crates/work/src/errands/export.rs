//! The export: which tables and columns are wanted, how they are exported, which counts come back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use case::file::DatasetFile;
use exchange::sql::Dialect;
use terms::json::{Json, json};
use terms::{Both, Fault};

use super::{Errand, SCHEMA, out_of_reach, write};
use crate::keygen::random_id;
use crate::workspace::Workspace;

/// Writes a folder that asks for the export of a source.
///
/// # Errors
/// If there is no such source, Custody reaches it itself, or the folder is there already.
pub fn request_export(
    workspace: &mut Workspace,
    id: &str,
    dialect: Option<Dialect>,
    instructions: &str,
    folder: &Path,
) -> Result<Errand, Fault> {
    let (_, place) = out_of_reach(workspace, id)?;
    let errand = random_id("er")?.as_str().to_owned();
    let wanted: BTreeMap<String, Vec<String>> = workspace
        .file
        .datasets
        .iter()
        .filter_map(|d| Some((d, d.at.value.strip_prefix(&format!("{id}/"))?.to_owned())))
        .filter(|(d, name)| d.class.as_ref().is_none_or(|c| c.value != "none") && !name.contains('*'))
        .map(|(d, name)| (table_of(&name), columns(d)))
        .collect();
    let mut counts = String::from("\u{feff}table,rows,sha256\r\n");
    wanted.keys().for_each(|t| counts.push_str(&format!("{t},,\r\n")));
    let mut files = vec![
        ("instructions.txt".to_owned(), text(&errand, instructions, &wanted).into_bytes()),
        ("counts.csv".to_owned(), counts.into_bytes()),
    ];
    if let Some(dialect) = dialect {
        files.push(("export.sql".to_owned(), sql(dialect, &errand, &wanted).into_bytes()));
    }
    let tables: Vec<Json> = wanted.iter().map(|(table, columns)| json!({"columns": columns, "table": table})).collect();
    let what = json!({"kind": "export", "source": place, "tables": tables});
    let (digest, files) = write(workspace, folder, &errand, what, files)?;
    Ok(Errand { id: errand, digest, files, rows: 0 })
}

/// A data set of a folder is named by its file: the table is what the file is called.
fn table_of(name: &str) -> String {
    name.trim_end_matches(".csv").trim_end_matches(".tsv").to_owned()
}

/// Every column that the case file names of a data set.
fn columns(d: &DatasetFile) -> Vec<String> {
    let mut out: BTreeSet<String> = d.groups.values().flatten().cloned().collect();
    out.extend(d.not_personal.keys().cloned());
    out.extend(d.tells.values().filter(|t| !t.starts_with('=')).cloned());
    out.extend(d.owner.iter().map(|o| o.column.clone()));
    out.extend(d.key.iter().map(|k| k.value.clone()));
    out.into_iter().collect()
}

fn text(errand: &str, instructions: &str, wanted: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = format!("善后 · Custody  {errand}\r\n\r\n{instructions}\r\n");
    let both = |out: &mut String, b: &Both| out.push_str(&format!("{}\r\n{}\r\n\r\n", b.zh, b.en));
    let heading = Both { zh: "需要的表和列".to_owned(), en: "tables and columns wanted".to_owned() };
    both(&mut out, &heading);
    for (table, columns) in wanted {
        let list = if columns.is_empty() { "全部列 / all columns".to_owned() } else { columns.join(", ") };
        out.push_str(&format!("  {table}: {list}\r\n"));
    }
    if wanted.is_empty() {
        out.push_str("  全部含个人信息的表 / every table with personal information\r\n");
    }
    let back = Both {
        zh: "交回：每张表一个 CSV 文件，放进 data 文件夹；counts.csv 填上每张表的行数（不含列名行），能算的写上 SHA-256；连同 errand.json、errand.sig.json 一并交回，不要改动它们。"
            .to_owned(),
        en: "Send back: one CSV file for each table in a folder `data`; counts.csv with the rows of each table (without the line of names) and, if you can, its SHA-256; with errand.json and errand.sig.json as they are."
            .to_owned(),
    };
    out.push_str("\r\n");
    both(&mut out, &back);
    out
}

fn sql(dialect: Dialect, errand: &str, wanted: &BTreeMap<String, Vec<String>>) -> String {
    let mut out =
        format!("-- {errand}: reads only. Run it in one read-only transaction; one CSV file for each SELECT of columns.\n-- {SCHEMA}\n");
    for (table, columns) in wanted {
        let list = if columns.is_empty() { "*".to_owned() } else { columns.iter().map(|c| dialect.name(c)).collect::<Vec<_>>().join(", ") };
        let name = dialect.name(table);
        out.push_str(&format!(
            "SELECT '{}' AS \"table\", COUNT(*) AS \"rows\" FROM {name};\nSELECT {list} FROM {name};\n",
            table.replace('\'', "''")
        ));
    }
    out
}
