//! What other people of the practice company do, each with the files that they were given: an approver and a buyer in a page, a DBA, a platform's clerk.

use std::fs;
use std::path::{Path, PathBuf};

use pages::Desk;
use serde_json::{Value, json};
use terms::Fault;
use vault::random;

use super::PASSPHRASE;

fn failed(_: std::io::Error) -> Fault {
    Fault::new("sample_unwritable")
}

/// A call of the program behind the pages, as a browser would make it.
fn call(desk: &mut Desk, name: &str, args: &Value, data: &[u8]) -> Result<Value, Fault> {
    let mut drawn = |out: &mut [u8]| {
        for piece in out.chunks_mut(32) {
            let fresh: [u8; 32] = random().unwrap_or_default();
            piece.iter_mut().zip(fresh).for_each(|(to, from)| *to = from);
        }
    };
    let answer: Value = serde_json::from_slice(&desk.call(name, args.to_string().as_bytes(), data, &mut drawn)).unwrap_or_default();
    answer.get("ok").cloned().ok_or_else(|| Fault::new("page_refused").with("what", answer.pointer("/error/code").unwrap_or(&Value::Null)))
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// An approver reads the briefing in `approve.html` and signs; gives the approval file.
pub(super) fn approves_in_page(briefing: &[u8], key: &Path, folder: &Path) -> Result<PathBuf, Fault> {
    let key_file = fs::read_to_string(key).map_err(failed)?;
    let args = json!({"decision": "approve", "key_file": key_file, "passphrase": PASSPHRASE, "reason": "已阅，同意"});
    let signed = call(&mut Desk::default(), "approve", &args, briefing)?;
    let path = folder.join("data-lead.approval.json");
    fs::write(&path, text(&signed, "file")).map_err(failed)?;
    Ok(path)
}

/// The buyer opens the package in `receive.html`, looks at a sample, signs; gives the receipt and the rows counted.
pub(super) fn receives_in_page(package: &Path, key: &Path, folder: &Path) -> Result<(PathBuf, u64), Fault> {
    let key_file = fs::read_to_string(key).map_err(failed)?;
    let mut desk = Desk::default();
    let keys = json!({"key_file": key_file, "passphrase": PASSPHRASE});
    let opened = call(&mut desk, "package_open", &keys, &fs::read(package).map_err(failed)?)?;
    let sets = opened.get("datasets").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows = sets.iter().filter_map(|d| d.get("counted")?.as_u64()).sum();
    let first = sets.first().and_then(|d| d.pointer("/files/0/name")?.as_str()).unwrap_or_default();
    call(&mut desk, "package_sample", &json!({"count": 5, "file": first, "from": 0}), &[])?;
    let args = json!({"differences": [], "key_file": key_file, "looked": true, "passphrase": PASSPHRASE});
    let signed = call(&mut desk, "receipt", &args, &[])?;
    let path = folder.join("buyer.receipt.json");
    fs::write(&path, text(&signed, "file")).map_err(failed)?;
    Ok((path, rows))
}

/// The platform's clerk exports what is there into the folder that was sent, and reports the counts.
pub(super) fn exports(from: &Path, folder: &Path) -> Result<(), Fault> {
    let data = folder.join("data");
    fs::create_dir_all(&data).map_err(failed)?;
    let mut counts = String::from("table,rows,sha256\r\n");
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let bytes = fs::read(&path).map_err(failed)?;
        let rows = exchange::read_rows(&bytes, 0, 0).0.saturating_sub(1);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        counts.push_str(&format!("{},{rows},\r\n", name.trim_end_matches(".csv")));
        fs::write(data.join(name), bytes).map_err(failed)?;
    }
    fs::write(folder.join("counts.csv"), counts).map_err(failed)
}

/// The clerk deletes every member: what a second export then shows is the line of names alone.
pub(super) fn deletes(at: &Path) -> Result<(), Fault> {
    for entry in fs::read_dir(at).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let bytes = fs::read(&path).map_err(failed)?;
        let head = bytes.split_inclusive(|b| *b == b'\n').next().unwrap_or_default().to_vec();
        fs::write(&path, head).map_err(failed)?;
    }
    Ok(())
}
