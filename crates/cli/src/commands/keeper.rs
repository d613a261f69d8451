//! `custody keeper`: the shares of the root key, printed, tried, and used when a passphrase is lost.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use keys::{SHARE_BYTES, WordFault, share_from_text, share_text, to_words};
use serde_json::{Value, json};
use terms::{Fault, Lang};
use vault::Share;
use work::Workspace;
use zeroize::Zeroizing;

use super::Session;
use crate::args::{Keeper, ShareArgs};
use crate::{packs, say, secrets};

pub fn run(session: &Session<'_>, keeper: &Keeper) -> Result<u8, Fault> {
    match keeper {
        Keeper::Split { to } => {
            let mut workspace = session.workspace(true, false)?;
            // The first command of a case splits by itself.
            let fresh = workspace.take_shares();
            let shares = if fresh.is_empty() { work::split(&mut workspace)? } else { fresh };
            let folder = to.clone().unwrap_or_else(|| workspace.paths.base.join("shares"));
            let written = sheets(&workspace, &shares, &folder)?;
            told(session, &written);
            if session.args.json {
                say::print_json(&json!({"written": written}));
            }
            Ok(0)
        }
        Keeper::Drill(args) => {
            let shares = shares(session, args)?;
            let mut workspace = session.workspace(true, false)?;
            let n = work::drill(&mut workspace, &shares)?;
            if session.args.json {
                say::print_json(&json!({"entry": n}));
            }
            session.tell(
                &format!("演练成功：两份份额能重新打开保险库（条目 {n}）。"),
                &format!("the drill succeeded: the two shares open the vault again (entry {n})."),
            );
            Ok(0)
        }
        Keeper::Recover(args) => {
            let shares = shares(session, args)?;
            let file = session.case_file(&packs::shipped()?)?;
            let passphrase =
                secrets::new_passphrase(session.args.passphrase_file.as_ref(), "CUSTODY_PASSPHRASE", "operator", session.lang)?;
            let kid = work::recover(&session.args.case, &file, &shares, &passphrase)?;
            if session.args.json {
                say::print_json(&json!({"kid": kid}));
            }
            session.tell(
                &format!("已用两份份额恢复：保险库和操作人密钥 {kid} 现在使用新口令。"),
                &format!("recovered by two shares: the vault and the operator's key {kid} are under the new passphrase now."),
            );
            Ok(0)
        }
    }
}

/// The shares that a fresh vault made, printed at once: they are shown only now.
pub fn first(session: &Session<'_>, workspace: &mut Workspace) -> Result<(), Fault> {
    let shares = workspace.take_shares();
    if shares.is_empty() {
        return Ok(());
    }
    // Sheets that lie there already are those of another case, which has no others.
    let [usual, own] = folders(workspace);
    let folder = if usual.join("share-1.html").exists() { own } else { usual };
    let written = sheets(workspace, &shares, &folder)?;
    told(session, &written);
    Ok(())
}

/// Where sheets of shares are written: the usual folder, and the case's own where another case has that one.
pub(super) fn folders(workspace: &Workspace) -> [PathBuf; 2] {
    ["shares".to_owned(), format!("shares-{}", workspace.state.case)].map(|name| workspace.paths.base.join(name))
}

fn told(session: &Session<'_>, written: &[PathBuf]) {
    let list = written.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ");
    session.tell(
        &format!("根密钥已拆成三份，任意两份可恢复：{list}\n请分别打印交给三位保管人，然后删除这些文件；再做一次演练：custody keeper drill"),
        &format!("the root key is split into three, any two bring it back: {list}\nprint each for its holder, then delete these files; and try them: custody keeper drill"),
    );
}

/// Writes a sheet for each share.
pub fn sheets(workspace: &Workspace, shares: &[Share], folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let unwritable = |path: &Path| Fault::new("file_unwritable").with("file", path.display());
    std::fs::create_dir_all(folder).map_err(|_| unwritable(folder))?;
    let holders = workspace.file.vault.share_holders.clone();
    let mut context = json!({
        "case": {"company": workspace.file.company.name.value, "id": workspace.state.case, "simulated": workspace.file.simulated, "today": workspace.today()?},
        "head": {"size": workspace.head().0},
    });
    let mut out = Vec::new();
    for (i, share) in shares.iter().enumerate() {
        let path = folder.join(format!("share-{}.html", i + 1));
        if let Some(object) = context.as_object_mut() {
            object.insert("share".to_owned(), sheet(i, share, holders.get(i).map(String::as_str)));
        }
        vault::write_private(&path, papers::paper("share_sheet.html", &context)?.as_bytes()).map_err(|_| unwritable(&path))?;
        out.push(path);
    }
    Ok(out)
}

fn sheet(i: usize, share: &[u8; SHARE_BYTES], holder: Option<&str>) -> Value {
    let lines = |lang| {
        let words: Vec<Value> = (1..).zip(to_words(share, lang)).map(|(n, word): (usize, _)| json!({"n": n, "word": word})).collect();
        words.chunks(5).map(<[Value]>::to_vec).collect::<Vec<_>>()
    };
    let text: Zeroizing<String> = share_text(share);
    json!({
        "check": text.get(text.len().saturating_sub(4)..), "holder": holder, "number": i + 1, "qr": papers::qr(&text),
        "words": [{"zh": "中文字词", "en": "Chinese words", "lines": lines(Lang::Zh)}, {"zh": "英文字词", "en": "English words", "lines": lines(Lang::En)}],
    })
}

/// Shares from files, or typed word by word; a wrong word is named with its number.
fn shares(session: &Session<'_>, args: &ShareArgs) -> Result<Vec<Share>, Fault> {
    let mut out = Vec::new();
    for file in &args.share {
        let text = Zeroizing::new(std::fs::read_to_string(file).map_err(|_| Fault::new("share_missing").with("file", file.display()))?);
        out.push(one(&text, &file.display().to_string())?);
    }
    while args.share.is_empty() && out.len() < 2 {
        if !std::io::stdin().is_terminal() {
            return Err(Fault::new("two_shares"));
        }
        let asked = session.pick("份额的四十个字词，或扫码所得文字", "the forty words of a share, or the text of its code");
        let typed = rpassword::prompt_password(format!("{asked} ({}/2): ", out.len() + 1)).map_err(|_| Fault::new("two_shares"))?;
        match one(&Zeroizing::new(typed), "") {
            Ok(share) => out.push(share),
            Err(fault) => say::fault(&fault, session.lang, false),
        }
    }
    if out.len() == 2 { Ok(out) } else { Err(Fault::new("two_shares")) }
}

fn one(text: &str, file: &str) -> Result<Share, Fault> {
    let named = |f: &WordFault| match (&f.meant, f.at) {
        // In the language in which it was written.
        (Some(meant), at) => format!("{at}: {} → {}", f.got, if f.got.is_ascii() { &meant.en } else { &meant.zh }),
        (None, 0) => f.got.clone(),
        (None, at) => format!("{at}: {}", f.got),
    };
    if text.trim_start().starts_with('<') {
        // The sheet itself, as it was printed.
        return Err(Fault::new("share_is_sheet").with("file", file));
    }
    share_from_text(text).map(Zeroizing::new).map_err(|faults| {
        Fault::new("share_words").with("file", file).with("words", faults.iter().map(named).collect::<Vec<_>>().join(", "))
    })
}
