//! Everything beside sheets and strings that may have a value of a cell: comments, drawings, links, caches, names, properties.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use quick_xml::events::Event;

use super::package::{Package, relations_name};
use super::scrub::Scrub;
use super::sheet::on_gone;
use super::xml::{Edited, attribute, local, unescape, walk};
use super::{Gone, Plan};
use crate::reason::Reason;

/// Parts that are computed from cells: the program that opens the workbook makes them anew.
pub(super) fn dropped(names: &[String]) -> BTreeSet<String> {
    let computed = |n: &&String| n.as_str() == "xl/calcChain.xml" || n.starts_with("docProps/thumbnail") || is_records(n);
    names.iter().filter(computed).cloned().collect()
}

fn is_records(name: &str) -> bool {
    name.starts_with("xl/pivotCache/") && name.contains("Records") && !name.ends_with(".rels")
}

type Changed = BTreeMap<String, Vec<u8>>;

/// Rewrites the parts that have something of what goes.
pub(super) fn rewrite<R: Read + Seek>(
    package: &mut Package<R>,
    sheets: &[(String, String)],
    plan: &Plan,
    scrub: &Scrub,
    unlinked: &BTreeMap<String, BTreeSet<String>>,
    changed: &mut Changed,
) -> Result<(), Reason> {
    let dropped = dropped(package.names());
    let none = BTreeMap::new();
    for (name, part) in sheets {
        let gone = plan.get(name).unwrap_or(&none);
        for (kind, target) in package.relations(part)?.into_values() {
            if package.has(&target) {
                match kind.as_str() {
                    "comments" | "threadedComment" => put(changed, &target, comments(&package.text(&target)?, gone, scrub)?),
                    "vmlDrawing" => put(changed, &target, drawing(&package.text(&target)?, gone)),
                    _ => {}
                }
            }
        }
    }
    for name in package.names().to_vec() {
        let is_xml = [".xml", ".rels", ".vml"].iter().any(|e| name.ends_with(e));
        let untouched = name.starts_with("xl/styles") || name.starts_with("xl/theme/") || dropped.contains(&name);
        let is_data = sheets.iter().any(|(_, part)| *part == name) || name.ends_with("sharedStrings.xml");
        if !is_xml || untouched || is_data {
            continue;
        }
        let mut text = match changed.remove(&name) {
            Some(bytes) => String::from_utf8(bytes).map_err(|_| Reason::Damaged)?,
            None => package.text(&name)?,
        };
        if name.ends_with(".vml") {
            // Drawings of this kind need not be well formed: cleaned as plain text.
            text = scrub.plain(&text).unwrap_or(text);
        } else if let Some(cleaned) = scrub.part(&text)? {
            text = cleaned;
        }
        text = structure(&name, &text, &dropped, sheets, unlinked)?;
        changed.insert(name, text.into_bytes());
    }
    Ok(())
}

fn put(changed: &mut Changed, name: &str, text: String) {
    changed.insert(name.to_owned(), text.into_bytes());
}

/// Comments on cells that go are taken out, and those whose runs together have a value that went.
fn comments(text: &str, gone: &BTreeMap<u32, Gone>, scrub: &Scrub) -> Result<String, Reason> {
    let mut edited = Edited::new(text);
    let (mut from, mut whole, mut said) = (None, false, String::new());
    walk(text, &mut |step| {
        match &step.event {
            Event::Start(e) if matches!(local(e), "comment" | "threadedComment") => {
                (from, whole) = (Some(step.at.start), on_gone(e, gone));
                said.clear();
            }
            Event::Text(_) | Event::GeneralRef(_) => said.push_str(&unescape(text.get(step.at).unwrap_or_default())),
            Event::Empty(e) if matches!(local(e), "comment" | "threadedComment") && on_gone(e, gone) => edited.replace(step.at, ""),
            Event::End(e) if matches!(e.name().into_inner().rsplit(':').next(), Some("comment" | "threadedComment")) => {
                if let Some(from) = from.take().filter(|_| whole || scrub.has(&said)) {
                    edited.replace(from..step.at.end, "");
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(edited.finish())
}

/// Shapes of comments on cells that go are taken out: `<x:Row>` and `<x:Column>` say where they belong.
fn drawing(text: &str, gone: &BTreeMap<u32, Gone>) -> String {
    let mut edited = Edited::new(text);
    let mut at = 0;
    while let Some(begin) = text.get(at..).and_then(|t| t.find("<v:shape ")).map(|n| at + n) {
        let Some(end) = text.get(begin..).and_then(|t| t.find("</v:shape>")).map(|n| begin + n + "</v:shape>".len()) else { break };
        let shape = text.get(begin..end).unwrap_or_default();
        let number = |tag: &str| -> Option<u32> {
            let rest = shape.split_once(&format!("<x:{tag}>"))?.1;
            rest.split_once('<')?.0.trim().parse().ok()
        };
        if let (Some(row), Some(column)) = (number("Row"), number("Column"))
            && gone.get(&row).is_some_and(|g| g.has(column))
        {
            edited.replace(begin..end, "");
        }
        at = end;
    }
    edited.finish()
}

/// What the package says of itself follows: relations to what is gone, kinds of dropped parts, recalculation when it is opened.
fn structure(
    name: &str,
    text: &str,
    dropped: &BTreeSet<String>,
    sheets: &[(String, String)],
    unlinked: &BTreeMap<String, BTreeSet<String>>,
) -> Result<String, Reason> {
    let links = sheets.iter().find(|(_, part)| relations_name(part) == *name).and_then(|(_, part)| unlinked.get(part));
    let is_dropped =
        |target: &str| dropped.iter().any(|d| d.ends_with(target.trim_start_matches(['.', '/'])) || target.ends_with(d.as_str()));
    let mut edited = Edited::new(text);
    // Without settings for calculation they come after these, in the order that the standard asks for (ECMA-376 part 1, CT_Workbook).
    let before = ["</sheets>", "</functionGroups>", "</externalReferences>", "</definedNames>"];
    let place = before.iter().filter_map(|tag| text.find(tag).map(|at| at + tag.len())).max();
    let place = place.filter(|_| name == "xl/workbook.xml" && !text.contains("calcPr"));
    walk(text, &mut |step| {
        if place == Some(step.at.start) {
            edited.replace(step.at.start..step.at.start, "<calcPr fullCalcOnLoad=\"1\"/>");
        }
        let (Event::Start(e) | Event::Empty(e)) = &step.event else { return Ok(()) };
        let raw = text.get(step.at.clone()).unwrap_or_default();
        match local(e) {
            "Relationship" => {
                let id = attribute(e, "Id").unwrap_or_default();
                let target = attribute(e, "Target").unwrap_or_default();
                if links.is_some_and(|l| l.contains(&id)) || is_dropped(&target) {
                    edited.replace(step.at, "");
                }
            }
            "Override" if attribute(e, "PartName").is_some_and(|p| dropped.contains(p.trim_start_matches('/'))) => {
                edited.replace(step.at, "")
            }
            "calcPr" if name == "xl/workbook.xml" && attribute(e, "fullCalcOnLoad").is_none() => {
                edited.replace(step.at, &raw.replacen("calcPr", "calcPr fullCalcOnLoad=\"1\"", 1));
            }
            "pivotCacheDefinition" if !dropped.is_empty() => {
                let kept: String =
                    raw.split_inclusive(' ').filter(|a| !a.starts_with("r:id=") && !a.starts_with("refreshOnLoad=")).collect();
                let fresh = kept.replacen("pivotCacheDefinition", "pivotCacheDefinition refreshOnLoad=\"1\"", 1);
                edited.replace(step.at, &closed(&fresh, raw));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(edited.finish())
}

/// A tag whose last attribute was taken out keeps its end.
fn closed(tag: &str, was: &str) -> String {
    let end = if was.ends_with("/>") { "/>" } else { ">" };
    if tag.trim_end().ends_with('>') { tag.to_owned() } else { format!("{}{end}", tag.trim_end()) }
}
