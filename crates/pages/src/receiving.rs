//! `receive.html`: opens a package for its recipient, counts and compares, shows a sample, signs for it.

use std::io::{Cursor, Read};

use case::{DIFFERENCES, Difference, ReceiptFile, Receiving};
use exchange::{Decryptor, Identity, Opened, open, read_rows};
use keys::{KeyFile, Passphrase};
use ledger::Signer;
use serde_json::{Value, json};
use terms::Fault;
use zeroize::Zeroizing;

use crate::desk::{Random, drawn, text};

/// A package that the page has open.
pub(crate) struct Parcel {
    opened: Opened<Cursor<Vec<u8>>>,
}

/// Signing key and identity of a recipient's key file.
fn recipient(args: &Value) -> Result<(Signer, Identity), Fault> {
    let file = KeyFile::read(text(args, "key_file")?.trim_end().as_bytes())?;
    let passphrase = Passphrase::new(text(args, "passphrase")?.as_bytes().to_vec());
    let seed: Zeroizing<[u8; 32]> = file.open(&passphrase)?;
    Ok((file.signer(&passphrase)?, Identity::of_seed(&seed)))
}

/// Opens a package; what is wrong with it is said, and nothing of it is kept but in memory.
pub(crate) fn package_open(args: &Value, data: &[u8]) -> Result<(Parcel, Value), Fault> {
    let (_, identity) = recipient(args)?;
    let damaged = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::PermissionDenied => Fault::new("package_of_another"),
        _ => Fault::new("package_damaged"),
    };
    let mut plain = Vec::new();
    Decryptor::new(data, &identity).and_then(|mut d| d.read_to_end(&mut plain)).map_err(damaged)?;
    let opened = open(Cursor::new(plain)).map_err(damaged)?;
    let told = told(&opened);
    Ok((Parcel { opened }, told))
}

fn told(opened: &Opened<Cursor<Vec<u8>>>) -> Value {
    let m = &opened.manifest;
    let file = |f: &exchange::FilePart| {
        let ok = opened.files.iter().any(|c| c.name == f.name && c.ok);
        json!({"bytes": f.bytes, "name": f.name, "ok": ok, "rows": f.rows, "sha256": f.digest})
    };
    let dataset = |d: &exchange::DatasetPart| {
        let groups: Vec<&String> = d.groups.iter().map(|g| &g.group).collect();
        json!({
            "columns": d.columns, "counted": opened.counted(d), "dataset": d.dataset, "files": d.files.iter().map(file).collect::<Vec<_>>(),
            "groups": groups, "name": d.name, "persons": d.persons, "rows": d.rows,
        })
    };
    let bases: Vec<Value> = m.bases.iter().map(|b| json!({"basis": b.article, "persons": b.persons})).collect();
    json!({
        "agreement": m.agreement, "case": m.case, "company": m.company, "datasets": m.datasets.iter().map(dataset).collect::<Vec<_>>(),
        "digest": m.root, "legal_bases": bases, "bases_file": file(&m.bases_file), "origin": m.origin, "package": m.package,
        "problems": opened.problems, "recipient": m.recipient,
    })
}

impl Parcel {
    /// Rows of a file, from a row on.
    pub(crate) fn sample(&mut self, args: &Value) -> Result<Value, Fault> {
        let number = |name: &str, most: u64| args.get(name).and_then(Value::as_u64).unwrap_or_default().min(most);
        let (from, count) = (number("from", u64::from(u32::MAX)), number("count", 1_000));
        let bytes = self.bytes(text(args, "file")?)?;
        let take = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (_, head) = read_rows(&bytes, 0, 1);
        let (_, rows) = read_rows(&bytes, take(from) + 1, take(count));
        Ok(json!({"columns": head.first(), "rows": rows}))
    }

    /// A file, to be saved.
    pub(crate) fn file(&mut self, args: &Value) -> Result<Value, Fault> {
        let bytes = self.bytes(text(args, "name")?)?;
        Ok(json!({"base64": ledger::b64::std(&bytes)}))
    }

    fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Fault> {
        self.opened.file(name).ok().flatten().ok_or_else(|| Fault::new("usage").with("field", "file"))
    }

    /// Signs for the package with what was found in it.
    pub(crate) fn receipt(&mut self, args: &Value, random: Random<'_>) -> Result<Value, Fault> {
        let (signer, _) = recipient(args)?;
        let m = &self.opened.manifest;
        let mut statement =
            Receiving::new(&m.case, &m.origin, m.package.clone(), m.root, self.opened.counted_all(), &signer.kid(), &drawn(random));
        statement.looked = args.get("looked").and_then(Value::as_bool).unwrap_or_default();
        for said in args.get("differences").and_then(Value::as_array).into_iter().flatten() {
            let kind = text(said, "kind")?.to_owned();
            let dataset = m.datasets.iter().find(|d| text(said, "dataset").is_ok_and(|x| x == d.name || x == d.dataset.as_str()));
            let (Some(dataset), true) = (dataset, DIFFERENCES.contains(&kind.as_str())) else {
                return Err(Fault::new("usage").with("field", "differences"));
            };
            let rows = said.get("rows").and_then(Value::as_u64).unwrap_or_default();
            statement.differences.push(Difference { dataset: dataset.dataset.to_string(), kind, rows });
        }
        if statement.differences.is_empty() && !self.opened.problems.is_empty() {
            return Err(Fault::new("differences_unsaid"));
        }
        let form = |_| Fault::new("document_form");
        let file = ReceiptFile::sign(&statement, &signer, "html").map_err(form)?;
        let bytes = file.bytes().map_err(form)?;
        Ok(json!({"check_number": file.check_number(), "file": String::from_utf8_lossy(&bytes), "kid": signer.kid()}))
    }
}
