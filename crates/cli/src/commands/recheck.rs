//! `custody recheck` and `custody remains`.

use std::collections::BTreeMap;

use serde_json::json;
use terms::Fault;
use work::{Blind, Recheck, Rechecked};

use super::Session;
use crate::args::{RecheckArgs, RemainsArgs};
use crate::bar::Bar;
use crate::say;

/// Looks for what was destroyed; exit code 1 if something is there, 2 if not everything could be looked at.
pub fn run(session: &Session<'_>, args: &RecheckArgs, whole: bool) -> Result<u8, Fault> {
    let mut workspace = session.begun()?;
    let named = |s: &String| s.split_once('=').map(|(a, b)| (a.trim().to_owned(), b.trim().to_owned())).ok_or_else(|| Fault::new("usage"));
    let copies = args.copy.iter().map(named).collect::<Result<BTreeMap<_, _>, _>>()?;
    let seen = work::recheck(&mut workspace, &Recheck { copies, whole }, &Bar::new(session.lang))?;
    let open = workspace.state.open_orders().count();
    if session.args.json {
        say::print_json(&json!({"open_orders": open, "rechecked": seen.iter().map(as_json).collect::<Vec<_>>()}));
    } else {
        table(session, &seen, whole);
    }
    if open > 0 {
        session.tell(
            &format!("有 {open} 项指令尚未完成，未作查找：先运行 `custody apply`。"),
            &format!("{open} orders are open and were not looked at: run `custody apply` first."),
        );
    }
    Ok(match (seen.iter().any(Rechecked::came_back), open > 0 || seen.iter().any(|r| r.unknown || r.bytes.1 > 0)) {
        (true, _) => 1,
        (_, true) => 2,
        _ => 0,
    })
}

/// Searches raw files alone, or makes a filter with which somebody else does.
pub fn remains(session: &Session<'_>, args: &RemainsArgs) -> Result<u8, Fault> {
    let (Some(filter), Some(key), Some(agreement)) = (&args.filter_to, &args.key_to, &args.agreement) else {
        return run(session, &args.looks, false);
    };
    let mut workspace = session.begun()?;
    let how = Blind { filter: filter.clone(), key: key.clone(), agreement: agreement.clone() };
    let (count, commitment) = work::blind(&mut workspace, &how, &Bar::new(session.lang))?;
    if session.args.json {
        say::print_json(&json!({"commitment": commitment, "fingerprints": count}));
        return Ok(0);
    }
    session.tell(
        &format!("过滤器含 {count} 个指纹，承诺值 {commitment}。过滤器和密钥分开交出；用后双方销毁，并运行 `custody record remains_filter_destroyed`。"),
        &format!("the filter has {count} fingerprints, commitment {commitment}. Send filter and key apart; afterwards both are destroyed, and `custody record remains_filter_destroyed` says so."),
    );
    Ok(0)
}

fn as_json(r: &Rechecked) -> serde_json::Value {
    json!({
        "bytes_searched": r.bytes.0, "bytes_unread": r.bytes.1, "in_cells": r.in_cells, "in_files": r.in_files, "item": r.item,
        "lawfully_present": r.lawful, "order_n": r.order_n, "place": r.place, "rows": r.rows, "structures": r.structures, "unknown": r.unknown
    })
}

fn table(session: &Session<'_>, seen: &[Rechecked], whole: bool) {
    let row = |r: &Rechecked| {
        let found = match (r.unknown, r.came_back()) {
            (true, _) => session.pick("归档已销毁，无从查起", "the archive is gone: nobody knows what to look for").to_owned(),
            (_, true) => r.structures.iter().cloned().collect::<Vec<_>>().join(", "),
            _ => String::new(),
        };
        vec![
            r.item.to_string(),
            r.place.to_string(),
            r.rows.to_string(),
            if whole { r.in_cells.to_string() } else { "–".to_owned() },
            r.in_files.to_string(),
            r.lawful.to_string(),
            say::bytes(r.bytes.0),
            found,
        ]
    };
    let head = [
        ("项", "item"),
        ("数据集", "data set"),
        ("已销毁行", "rows destroyed"),
        ("单元格中", "in cells"),
        ("文件中", "in files"),
        ("合法留存", "lawfully present"),
        ("已查", "searched"),
        ("位置", "where"),
    ];
    say::table(&head.map(|(zh, en)| session.pick(zh, en)), seen.iter().map(row).collect());
    let searched: u64 = seen.iter().map(|r| r.bytes.0).sum();
    match seen.iter().any(Rechecked::came_back) {
        false if searched == 0 => session.tell(
            "没有可查找的内容：尚无已确认销毁的项目，或什么都没能读取。",
            "nothing was searched: nothing was destroyed and seen done yet, or nothing could be read.",
        ),
        true => session.tell(
            "已销毁的内容又出现了。常见途径：恢复了旧备份、备库或副本回灌、重新导入、同步盘。查明后重新封存、计划、销毁；如已有人删除，`custody apply` 会再次清理文件和日志。",
            "what was destroyed is there again. Usual ways: an old backup was restored, a replica wrote back, an import, a sync folder. Find out which, then seal, plan and destroy again; if it was taken out already, `custody apply` cleans files and logs once more.",
        ),
        false => session.tell("没有发现已销毁的内容。", "nothing of what was destroyed was found."),
    }
    let unread: u64 = seen.iter().map(|r| r.bytes.1).max().unwrap_or_default();
    if unread > 0 {
        session.tell(
            &format!("其中有 {} 未能读取，见 `custody scan` 所列未读之处。", say::bytes(unread)),
            &format!("{} of it could not be read: `custody scan` lists what was not.", say::bytes(unread)),
        );
    }
}
