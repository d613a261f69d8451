//! `custody papers`: the papers of the case, and the pages for people who only get a file.

use std::path::{Path, PathBuf};

use papers::Kind;
use serde_json::json;
use terms::Fault;

use super::{Session, pages};
use crate::args::PapersArgs;
use crate::say;

/// Pages that can be asked for beside the papers.
const PAGES: [(&str, Kind); 2] = [("verify", Kind::Verify), ("receive", Kind::Receive)];

pub fn run(session: &Session<'_>, args: &PapersArgs) -> Result<u8, Fault> {
    let list = papers::papers()?;
    if args.names.is_empty() {
        let rows = list.iter().map(|p| vec![p.id.clone(), p.title.get(session.lang).to_owned(), p.for_whom.get(session.lang).to_owned()]);
        let page = |(name, _): &(&str, Kind)| {
            vec![(*name).to_owned(), format!("{name}.html"), session.pick("没有命令行的人", "people without a terminal").to_owned()]
        };
        if session.args.json {
            let names: Vec<&str> = list.iter().map(|p| p.id.as_str()).chain(PAGES.iter().map(|(n, _)| *n)).collect();
            say::print_json(&json!({"papers": names}));
            return Ok(0);
        }
        say::table(
            &[session.pick("名称", "name"), session.pick("文书", "paper"), session.pick("给谁", "for")],
            rows.chain(PAGES.iter().map(page)).collect(),
        );
        session.tell("写出：custody papers 名称… 或 custody papers all", "write them: custody papers NAME… or custody papers all");
        return Ok(0);
    }
    std::fs::create_dir_all(&args.to).map_err(|_| Fault::new("file_unwritable").with("file", args.to.display()))?;
    let mut written = Vec::new();
    for name in &args.names {
        match PAGES.iter().find(|(n, _)| n == name) {
            Some((name, kind)) => {
                let path = args.to.join(format!("{name}.html"));
                pages::write(&path, *kind, &json!({"lang": session.lang.code()}))?;
                written.push(path);
            }
            None => written.extend(case_papers(session, &list, name, &args.to)?),
        }
    }
    if session.args.json {
        say::print_json(&json!({"written": written}));
    } else {
        written.iter().for_each(|p| println!("{}", p.display()));
    }
    Ok(0)
}

fn case_papers(session: &Session<'_>, list: &[papers::Paper], name: &str, to: &Path) -> Result<Vec<PathBuf>, Fault> {
    if name != "all" && !list.iter().any(|p| p.id == name) {
        let known = list.iter().map(|p| p.id.as_str()).chain(PAGES.iter().map(|(n, _)| *n)).collect::<Vec<_>>().join(", ");
        return Err(Fault::new("no_such_paper").with("name", name).with("known", known));
    }
    let workspace = session.workspace(false, true)?;
    write(list, &[name.to_owned()], to, &work::paper_context(&workspace)?)
}

/// Writes papers; with `all`, those that make sense now.
pub fn write(list: &[papers::Paper], names: &[String], to: &Path, context: &serde_json::Value) -> Result<Vec<PathBuf>, Fault> {
    let unwritable = |path: &Path| Fault::new("file_unwritable").with("file", path.display());
    std::fs::create_dir_all(to).map_err(|_| unwritable(to))?;
    let all = names.iter().any(|n| n == "all");
    let mut out = Vec::new();
    for paper in list.iter().filter(|p| all || names.contains(&p.id)) {
        let has = |need: &String| {
            let part = need.split('.').try_fold(context, |c, key| c.get(key));
            part.is_some_and(|v| !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty()))
        };
        match paper.needs.iter().find(|n| !has(n)) {
            Some(_) if all => continue,
            Some(missing) => return Err(Fault::new("paper_needs").with("name", &paper.id).with("what", missing)),
            None => {}
        }
        let path = to.join(&paper.file);
        std::fs::write(&path, papers::paper(&paper.file, context)?).map_err(|_| unwritable(&path))?;
        out.push(path);
    }
    Ok(out)
}
