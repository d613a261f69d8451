//! Erasing by somebody else: a script with the keys of exactly the rows that an order names, its dry run, and its output read back.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use case::{ActRecorded, By, EffectOrdered, Event, ExceptionRecorded, OrderKind};
use exchange::sql::{Blanked, Dialect, Erasing, Key, purge, scripts, steps_told, told};
use rows::{Batch, Encoding, Tag, text_of};
use terms::json::{Json, json};
use terms::{Digest, Fault, Place};

use super::{Errand, SCHEMA, out_of_reach, signed, write};
use crate::align::{Met, Part, RowState, align};
use crate::attachments;
use crate::keygen::random_id;
use crate::lists::{list_name, load_list};
use crate::opened::Opened;
use crate::planning::recorded_holdings;
use crate::survey::open_sources;
use crate::ways::ways;
use crate::workspace::Workspace;

/// Writes a folder that asks for what is ordered on a source: a script with its dry run, or a list for who works in a console; and instructions.
///
/// # Errors
/// If nothing is ordered there, a table has no key, or the folder is there already.
pub fn request_erase(
    workspace: &mut Workspace,
    id: &str,
    dialect: Option<Dialect>,
    batch_rows: usize,
    instructions: &str,
    folder: &Path,
) -> Result<Errand, Fault> {
    let (i, place) = out_of_reach(workspace, id)?;
    let orders: Vec<(u64, EffectOrdered)> = workspace
        .state
        .open_orders()
        .filter_map(|(n, o)| match &o.kind {
            OrderKind::Destroy(e) if e.dataset.source() == place.as_str() => Some((n, e.clone())),
            _ => None,
        })
        .collect();
    if orders.is_empty() {
        return Err(Fault::new("nothing_ordered").with("source", id));
    }
    let errand = random_id("er")?.as_str().to_owned();
    let mut opened = open_sources(workspace)?;
    let mut erasing = Vec::new();
    for (_, order) in &orders {
        erasing.push(one(workspace, &mut opened, i, order)?);
    }
    erasing.retain(|e| !e.rows.is_empty());
    let rows: u64 = erasing.iter().map(|e| e.rows.len() as u64).sum();
    let orders: Vec<u64> = orders.iter().map(|(n, _)| *n).collect();
    let Some(dialect) = dialect else {
        let text = format!("善后 · Custody  {errand}\r\n\r\n{instructions}\r\n{LIST}");
        let what = json!({"batches": [], "kind": "erase", "orders": orders, "source": place});
        let files = vec![("instructions.txt".to_owned(), text.into_bytes()), ("rows.csv".to_owned(), list(&erasing))];
        let (digest, files) = write(workspace, folder, &errand, what, files)?;
        return Ok(Errand { id: errand, digest, files, rows });
    };
    let (dry, script, batches) = scripts(dialect, &errand, &erasing, batch_rows);
    let tables: BTreeSet<String> = erasing.iter().map(|e| e.table.clone()).collect();
    let (cleaning, steps) = purge(dialect, &errand, &tables.into_iter().collect::<Vec<_>>());
    let text = format!(
        "善后 · Custody  {errand}\r\n\r\n{instructions}\r\n0. {SCHEMA}\r\n1. dry-run.sql 只数不改：每批应数出的行数见下。Changes nothing; the rows that each batch should count stand below.\r\n\
         2. erase.sql 原样整个执行。Run it whole and unchanged.\r\n3. purge.sql 清除残留：不在事务中、择闲时整个执行。Cleans up: run it whole, outside of a transaction, in a quiet hour.\r\n\
         4. 把三次的全部输出存成一个文本文件交回。Send all three outputs back in one text file.\r\n\
         5. 如需在主机上查找残留：custody-verify remains --filter。To search on the host: custody-verify remains --filter.\r\n\r\n{}",
        batches.iter().map(|b| format!("  第 {} 批 / batch {}：{} 行 / rows\r\n", b.number, b.number, b.rows)).collect::<String>()
    );
    let told: Vec<Json> = batches.iter().map(|b| json!({"number": b.number, "rows": b.rows})).collect();
    let what = json!({"batches": told, "kind": "erase", "orders": orders, "purge": steps, "source": place});
    let files = vec![
        ("instructions.txt".to_owned(), text.into_bytes()),
        ("dry-run.sql".to_owned(), dry.into_bytes()),
        ("erase.sql".to_owned(), script.into_bytes()),
        ("purge.sql".to_owned(), cleaning.into_bytes()),
    ];
    let (digest, files) = write(workspace, folder, &errand, what, files)?;
    Ok(Errand { id: errand, digest, files, rows })
}

/// How a list is worked off.
const LIST: &str = "rows.csv 逐行列出要处理的记录：「整条」删除整条记录，其余只清空写明的列；只处理清单上的，不多删；做完再导出一次交回。\r\n\
    rows.csv lists what is to be done, one record a line: `whole` deletes the record, else only the columns named are emptied. Nothing else; then export once more.\r\n";

/// Rows by table and key, and what is to be done with each, as a table for people.
fn list(erasing: &[Erasing]) -> Vec<u8> {
    let mut out = "\u{feff}".as_bytes().to_vec();
    let mut line = |cells: [&str; 4]| {
        (0..).zip(cells).for_each(|(i, c)| exchange::field(&mut out, c, i == 0));
        out.extend_from_slice(b"\r\n");
    };
    line(["表 table", "键列 key column", "键 key", "处理 what to do"]);
    for e in erasing {
        for (key, blanks) in &e.rows {
            let key = match key {
                Key::Number(n) => n.to_string(),
                Key::Text(t) => t.clone(),
            };
            let columns = blanks.iter().map(|(c, _)| c.as_str()).collect::<Vec<_>>().join("; ");
            line([&e.table, &e.key, &key, if columns.is_empty() { "整条 whole" } else { &columns }]);
        }
    }
    out
}

/// The rows of one order, with keys and what is left of them.
fn one(workspace: &mut Workspace, opened: &mut Opened, i: usize, order: &EffectOrdered) -> Result<Erasing, Fault> {
    let place = &order.dataset;
    let seal = workspace.state.seals.get(&order.seal_n).cloned().ok_or_else(|| Fault::new("index_missing").with("list", order.seal_n))?;
    let wanted: BTreeSet<u32> = load_list(workspace, &list_name("order", order.plan_n, seal.n, &order.item))?.into_iter().collect();
    let parts = vec![Part::load(workspace, &seal)?];
    let holding = recorded_holdings(workspace)?.holdings.into_iter().find(|h| h.dataset == *place);
    let whole = holding.as_ref().is_some_and(|h| h.groups.len() == order.groups.len() && !h.referenced);
    let columns: Vec<u32> =
        holding.iter().flat_map(|h| &h.groups).filter(|g| order.groups.contains(&g.name)).flat_map(|g| g.columns.iter().copied()).collect();
    let listed = opened.listed.iter().find(|l| l.dataset.place == *place);
    let listed = listed.ok_or_else(|| Fault::new("source_not_open").with("place", place).retry())?;
    let (dataset, said) = (listed.dataset.clone(), listed.said.as_ref().and_then(|s| s.key.clone()));
    let named = |name: &str| dataset.columns.iter().position(|c| c.name == name);
    let mut keys = dataset.columns.iter().enumerate().filter(|(_, c)| c.key).map(|(k, _)| k);
    let key = match (said.as_ref().and_then(|k| named(&k.value)), keys.next(), keys.next()) {
        (Some(key), ..) | (None, Some(key), None) => key,
        _ => return Err(Fault::new("no_key").with("place", place)),
    };
    let source = opened
        .sources
        .get_mut(i)
        .and_then(|(_, s)| s.as_mut())
        .ok_or_else(|| Fault::new("source_not_open").with("place", place).retry())?;
    let blanks = ways(workspace, source.as_mut(), (&dataset, listed.said.as_ref()), order.plan_n, &columns)?;
    let mut rows: Vec<(Key, Vec<(String, Blanked)>)> = Vec::new();
    let mut lacking = false;
    let (mut seen, mut twice) = (HashSet::new(), BTreeSet::new());
    align(source.as_mut(), &dataset, &parts, &mut |batch, row, met| {
        let own = key_of(batch, row, key, dataset.encoding);
        if let Some(own) = own.as_ref().filter(|own| !seen.insert((*own).clone())) {
            twice.insert(own.clone());
        }
        let Some(Met { ordinal, state: RowState::Unchanged | RowState::Emptied(_), .. }) = met else { return };
        let Some(part) = parts.first().filter(|_| u32::try_from(ordinal).is_ok_and(|o| wanted.contains(&o))) else { return };
        let Some(own) = own else {
            lacking = true;
            return;
        };
        let blank = |c: &u32| {
            let column = dataset.columns.get(*c as usize).filter(|col| !col.generated)?;
            let (tag, bytes) = blanks.get(*c as usize)?.leaves(batch.cell(row, *c as usize), part.number(ordinal));
            Some((column.name.clone(), blanked(tag, &bytes)))
        };
        rows.push((own, if whole { Vec::new() } else { columns.iter().filter_map(blank).collect() }));
    })?;
    if lacking {
        return Err(Fault::new("no_key").with("place", place));
    }
    // A script that names a row by a key of two rows erases one that nobody ordered.
    let shared = rows.iter().filter(|(key, _)| twice.contains(key)).count();
    if shared > 0 {
        return Err(Fault::new("key_not_unique").with("place", place).with("rows", shared));
    }
    let name = dataset.columns.get(key).map(|c| c.name.clone()).unwrap_or_default();
    let table = dataset.name.trim_end_matches(".csv").trim_end_matches(".tsv").to_owned();
    Ok(Erasing { item: order.item.to_string(), key: name, rows, table })
}

fn key_of(batch: &Batch, row: usize, column: usize, encoding: Encoding) -> Option<Key> {
    let cell = batch.cell(row, column);
    if let Some(n) = cell.integer() {
        return Some(Key::Number(n));
    }
    let mut out = Vec::new();
    text_of(cell, encoding, &mut out);
    let text = String::from_utf8(out).ok().filter(|t| !t.is_empty() && !t.contains('\0'))?;
    Some(Key::Text(text))
}

/// An emptied field as SQL writes it; a text without characters is null for who exports it.
fn blanked(tag: Tag, bytes: &[u8]) -> Blanked {
    let eight = |b: &[u8]| <[u8; 8]>::try_from(b).ok();
    match tag {
        Tag::Integer => eight(bytes).map_or(Blanked::Null, |b| Blanked::Number(i64::from_be_bytes(b).to_string())),
        Tag::Real => eight(bytes).map_or(Blanked::Null, |b| Blanked::Number(format!("{:?}", f64::from_be_bytes(b)))),
        Tag::Text => Blanked::Text(String::from_utf8_lossy(bytes).into_owned()),
        _ => Blanked::Null,
    }
}

/// What a script's output told.
#[derive(Clone, Debug)]
pub struct ScriptResult {
    /// Its entry.
    pub n: u64,
    /// Batch, rows expected, rows told; none if the output is silent about it.
    pub batches: Vec<(u64, u64, Option<u64>)>,
    /// Steps of the purge, and whether the output says that each ran.
    pub purge: Vec<(String, bool)>,
}

/// Takes the output of a script back: every batch is compared with what it was to touch. What it says is somebody's word; the next look counts.
///
/// # Errors
/// If it is of no errand of this case, or of another source.
pub fn script_result(workspace: &mut Workspace, id: &str, file: &Path) -> Result<ScriptResult, Fault> {
    let (_, place) = out_of_reach(workspace, id)?;
    let output = std::fs::read(file).map_err(|_| Fault::new("evidence_missing").with("file", file.display()))?;
    let output = String::from_utf8_lossy(&output).into_owned();
    let errand = output.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(|w| w.starts_with("er-") && w.len() > 10);
    let errand = errand.ok_or_else(|| Fault::new("no_such_errand").with("errand", ""))?.to_owned();
    let (_, doc) = signed(workspace, &errand)?;
    let own = doc.pointer("/what/source").and_then(Json::as_str) == Some(place.as_str());
    if !own || doc.pointer("/what/kind").and_then(Json::as_str) != Some("erase") {
        return Err(Fault::new("errand_of_another").with("source", id));
    }
    // The same output twice is one word twice.
    let used = format!("result-{errand}-{}", Digest(ledger::sha256(&[output.as_bytes()])));
    if workspace.vault()?.get(&used)?.is_some() {
        return Err(Fault::new("result_used").with("errand", &errand));
    }
    let rows: BTreeMap<u64, u64> = told(&output, &errand).into_iter().collect();
    let asked = doc.pointer("/what/batches").and_then(Json::as_array).cloned().unwrap_or_default();
    let number = |b: &Json, name: &str| b.get(name).and_then(Json::as_u64).unwrap_or_default();
    let batches: Vec<(u64, u64, Option<u64>)> =
        asked.iter().map(|b| (number(b, "number"), number(b, "rows"), rows.get(&number(b, "number")).copied())).collect();
    let ran = steps_told(&output, &errand);
    let steps = doc.pointer("/what/purge").and_then(Json::as_array).cloned().unwrap_or_default();
    let purge = steps.iter().filter_map(Json::as_str).map(|s| (s.to_owned(), ran.iter().any(|r| r == s))).collect();
    let items = items(workspace, &doc, &place);
    let sealed = attachments::seal(workspace, &[file.to_owned()])?;
    let by = workspace.operator_person()?;
    let act = ActRecorded { about: items, by, day: workspace.today()?, evidence: sealed.names, kind: super::RAN.to_owned() };
    let n = workspace.record_with_body(By::Operator, Event::ActRecorded(act), json!({"errand": errand, "evidence": sealed.body}))?;
    let n = n.first().copied().unwrap_or_default();
    workspace.vault()?.put(&used, b"1")?;
    let wrong = batches.iter().filter(|(_, asked, told)| Some(*asked) != *told).count() as u64;
    if wrong > 0 {
        let event = Event::ExceptionRecorded(ExceptionRecorded {
            about_n: Some(n),
            kind: "script_rows_differ".to_owned(),
            receipt_doc: None,
            rows: Some(wrong),
        });
        workspace.record(case::Command::Record(By::Operator, event))?;
    }
    Ok(ScriptResult { n, batches, purge })
}

/// The source, and the items of the orders that an errand was about.
fn items(workspace: &Workspace, doc: &Json, place: &Place) -> Vec<String> {
    let orders = doc.pointer("/what/orders").and_then(Json::as_array).cloned().unwrap_or_default();
    let item = |n: &Json| Some(workspace.state.orders.get(&n.as_u64()?)?.kind.item().to_string());
    std::iter::once(place.to_string()).chain(orders.iter().filter_map(item)).collect()
}
