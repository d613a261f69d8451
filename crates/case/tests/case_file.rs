//! Every broken case file is answered with the place and the reason that its first line (or `expectations.tsv`) names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use case::file::{CaseFault, CaseFile, read_bytes};
use facts::Table;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(bytes: &[u8], table: &Table) -> Result<CaseFile, Vec<CaseFault>> {
    read_bytes(bytes).and_then(|f| {
        let more = f.check_against(table);
        if more.is_empty() { Ok(f) } else { Err(more) }
    })
}

#[test]
fn each_fault_has_its_line_field_and_reason() {
    let table = Table::read(&std::fs::read_to_string(root().join("../../packs/facts.yaml")).unwrap()).unwrap();
    let folder = root().join("tests/corpus");
    let aside: BTreeMap<String, String> = std::fs::read_to_string(folder.join("expectations.tsv"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|l| {
            let c: Vec<&str> = l.split('\t').collect();
            (c[0].to_owned(), format!("line={} field={} what={}", c[1], c[2], c[3]))
        })
        .collect();
    let mut wrong = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "yaml"));
    files.sort();
    assert!(files.len() > 90);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(&file).unwrap();
        let first = String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().trim_start_matches('\u{feff}').to_owned();
        let expected = aside.get(&name).cloned().or_else(|| first.strip_prefix("# expect: ").map(|e| e.trim().to_owned())).unwrap();
        let found = match read(&bytes, &table) {
            Ok(_) => "ok".to_owned(),
            Err(faults) => {
                let fits = faults.iter().any(|f| {
                    let got = format!("line={} field={} what=", f.line, f.field);
                    expected.strip_prefix(&got).is_some_and(|what| f.what.en.contains(what))
                });
                if fits {
                    expected.clone()
                } else {
                    faults.iter().map(|f| format!("line={} field={} what={}", f.line, f.field, f.what.en)).collect::<Vec<_>>().join(" | ")
                }
            }
        };
        if found != expected {
            wrong.push(format!("{name}\n    want {expected}\n    got  {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
