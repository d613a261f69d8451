//! `custody receive`: a recipient opens a package, counts and compares it, and signs for it; no case file is needed.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom};
use std::path::Path;

use case::{DIFFERENCES, Difference, ReceiptFile, Receiving};
use exchange::{Decryptor, Identity, Opened};
use serde_json::json;
use terms::{Fault, Lang};
use vault::{load_key_file, random};

use super::Session;
use crate::args::ReceiveArgs;
use crate::{say, secrets};

pub fn run(session: &Session<'_>, args: &ReceiveArgs) -> Result<u8, Fault> {
    let whose = args.key.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let passphrase = secrets::passphrase(args.key_passphrase_file.as_ref(), "CUSTODY_KEY_PASSPHRASE", &whose, session.lang)?;
    let file = load_key_file(&args.key)?;
    let (signer, identity) = (file.signer(&passphrase)?, Identity::of_seed(&*file.open(&passphrase)?));
    let mut opened = open(args, &identity)?;
    show(session, &opened);
    let differences = differences(args, &opened)?;
    if !opened.problems.is_empty() && differences.is_empty() {
        return Err(Fault::new("differences_unsaid"));
    }
    if !args.looked && differences.is_empty() {
        let question = session.pick("看过样本了吗？", "did you look at a sample?");
        match inquire::Confirm::new(question).with_default(false).prompt() {
            Ok(true) => {}
            Ok(false) => return Err(Fault::new("refused_by_user")),
            Err(_) => return Err(Fault::new("look_first")),
        }
    }
    let out = args.out.clone().unwrap_or_else(|| args.file.with_extension("receipt.json"));
    if out.exists() {
        return Err(Fault::new("file_exists").with("file", out.display()));
    }
    let written = match &args.into {
        Some(folder) => save(&mut opened, folder)?,
        None => 0,
    };
    let m = &opened.manifest;
    let mut statement = Receiving::new(&m.case, &m.origin, m.package.clone(), m.root, opened.counted_all(), &signer.kid(), &random()?);
    statement.looked = args.looked || differences.is_empty();
    statement.differences = differences;
    let receipt = ReceiptFile::sign(&statement, &signer, "cli").map_err(|_| Fault::new("document_form"))?;
    std::fs::write(&out, receipt.bytes().map_err(|_| Fault::new("document_form"))?)
        .map_err(|_| Fault::new("file_unwritable").with("file", out.display()))?;
    let check = receipt.check_number().unwrap_or_default();
    if session.args.json {
        say::print_json(&json!({
            "check_number": check, "differences": statement.count(), "files_written": written, "package": m.package, "problems": opened.problems,
            "receipt": out, "rows": statement.rows,
        }));
    } else {
        session.tell(
            &format!("已签收：{}（校验号 {check}）。请发回给移交方，邮件、聊天工具均可。", out.display()),
            &format!("signed for: {} (check number {check}). Send it back by any channel.", out.display()),
        );
    }
    Ok(if statement.differences.is_empty() { 0 } else { 1 })
}

/// The decrypted package: in a file beside it while it is read, or straight into memory when it is small.
fn open(args: &ReceiveArgs, identity: &Identity) -> Result<Opened<BufReader<File>>, Fault> {
    let missing = |_: std::io::Error| Fault::new("package_missing").with("file", args.file.display());
    let sealed = BufReader::new(File::open(&args.file).map_err(missing)?);
    let damaged = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::PermissionDenied => Fault::new("package_of_another"),
        std::io::ErrorKind::InvalidData => Fault::new("package_damaged"),
        _ => Fault::new("package_missing").with("file", args.file.display()).retry(),
    };
    // The recipient's own copy, on the recipient's own disk, gone with this process.
    let mut plain = tempfile::tempfile().map_err(missing)?;
    let mut from = Decryptor::new(sealed, identity).map_err(damaged)?;
    let mut to = BufWriter::new(&mut plain);
    std::io::copy(&mut from, &mut to).map_err(damaged)?;
    drop(to);
    plain.seek(SeekFrom::Start(0)).map_err(missing)?;
    exchange::open(BufReader::new(plain)).map_err(damaged)
}

fn show(session: &Session<'_>, opened: &Opened<BufReader<File>>) {
    if session.args.json {
        return;
    }
    let m = &opened.manifest;
    session.tell(
        &format!("包 {}，来自 {}，协议 {}，目的：{}", m.package, m.company, m.agreement.id, m.agreement.purposes.join("、")),
        &format!("package {} from {}, agreement {}, for: {}", m.package, m.company, m.agreement.id, m.agreement.purposes.join(", ")),
    );
    let rows = m
        .datasets
        .iter()
        .map(|d| {
            let groups: Vec<&str> = d.groups.iter().map(|g| g.group.as_str()).collect();
            vec![d.name.clone(), groups.join(", "), d.rows.to_string(), opened.counted(d).to_string(), d.persons.to_string()]
        })
        .collect();
    say::table(
        &[
            session.pick("数据", "data"),
            session.pick("字段组", "groups"),
            session.pick("清单所写的行", "rows stated"),
            session.pick("数出的行", "rows counted"),
            session.pick("个人", "persons"),
        ],
        rows,
    );
    for problem in &opened.problems {
        println!("✘ {}", if session.lang == Lang::Zh { &problem.zh } else { &problem.en });
    }
}

/// Differences as they were named: `data=kind:rows`.
fn differences(args: &ReceiveArgs, opened: &Opened<BufReader<File>>) -> Result<Vec<Difference>, Fault> {
    let one = |text: &String| {
        let (name, rest) = text.split_once('=')?;
        let (kind, rows) = rest.split_once(':')?;
        let known = opened.manifest.datasets.iter().find(|d| d.name == name || d.dataset.as_str() == name)?;
        let rows = rows.parse().ok().filter(|_| DIFFERENCES.contains(&kind))?;
        Some(Difference { dataset: known.dataset.to_string(), kind: kind.to_owned(), rows })
    };
    let wrong = |text: &String| Fault::new("difference_form").with("text", text).with("kinds", DIFFERENCES.join(", "));
    args.difference.iter().map(|t| one(t).ok_or_else(|| wrong(t))).collect()
}

/// Writes every file of the package into a new folder.
fn save(opened: &mut Opened<BufReader<File>>, folder: &Path) -> Result<usize, Fault> {
    if folder.exists() {
        return Err(Fault::new("file_exists").with("file", folder.display()));
    }
    let unwritable = |_: std::io::Error| Fault::new("file_unwritable").with("file", folder.display());
    let names: Vec<String> = opened.manifest.files().map(|f| f.name.clone()).collect();
    for name in &names {
        let Some(bytes) = opened.file(name).map_err(unwritable)? else { continue };
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(unwritable)?;
        std::fs::write(path, bytes).map_err(unwritable)?;
    }
    let manifest = serde_json::to_vec_pretty(&opened.manifest).map_err(|_| Fault::new("document_form"))?;
    std::fs::write(folder.join("manifest.json"), manifest).map_err(unwritable)?;
    Ok(names.len() + 1)
}
