//! Worksheets: which values go and which stay, and the sheet with the cells that go emptied.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use quick_xml::events::{BytesStart, Event};

use super::Gone;
use super::cells::{area, cell};
use super::scrub::Scrub;
use super::xml::{Edited, Step, attribute, local, unescape, walk};
use crate::reason::Reason;

/// Values that go and values that stay, over all sheets.
#[derive(Default)]
pub(super) struct Seen {
    /// Cells that go.
    pub cells: u64,
    /// Items of the shared strings that cells which stay have.
    pub kept_items: HashSet<u32>,
    gone_items: HashSet<u32>,
    gone_texts: HashSet<String>,
    kept_texts: HashSet<String>,
}

impl Seen {
    fn take(&mut self, gone: bool, shared: bool, value: String) {
        self.cells += u64::from(gone);
        match (shared.then(|| value.trim().parse().ok()).flatten(), gone) {
            (Some(item), true) => self.gone_items.insert(item),
            (Some(item), false) => self.kept_items.insert(item),
            (None, true) => self.gone_texts.insert(value),
            (None, false) => self.kept_texts.insert(value),
        };
    }

    /// Texts of cells that go.
    pub(super) fn destroyed(&self, items: &[String]) -> HashSet<String> {
        let shared = self.gone_items.iter().filter_map(|i| items.get(*i as usize)).cloned();
        self.gone_texts.iter().cloned().chain(shared).filter(|t| !t.is_empty()).collect()
    }

    /// Texts of cells that stay.
    pub(super) fn kept(&self, items: &[String]) -> HashSet<String> {
        let shared = self.kept_items.iter().filter_map(|i| items.get(*i as usize)).cloned();
        self.kept_texts.iter().cloned().chain(shared).collect()
    }
}

/// A cell as it stands in its part.
struct Cell {
    at: Range<usize>,
    /// Its reference and style, as written.
    reference: Option<String>,
    style: Option<String>,
    shared: bool,
    formula: bool,
    value: String,
    /// The bytes of its stored value.
    value_at: Option<Range<usize>>,
    gone: bool,
    whole_row: bool,
}

/// Walks the rows of a sheet; `hear` gets every cell and every step outside of cells.
struct Walker<'p> {
    gone: &'p BTreeMap<u32, Gone>,
    row: u32,
    next_row: u32,
    next_column: u32,
    in_data: bool,
    open: Option<Cell>,
    in_value: bool,
}

impl<'p> Walker<'p> {
    fn new(gone: &'p BTreeMap<u32, Gone>) -> Walker<'p> {
        Walker { gone, row: 0, next_row: 0, next_column: 0, in_data: false, open: None, in_value: false }
    }

    fn row(&mut self, e: &BytesStart<'_>) {
        let told = attribute(e, "r").and_then(|r| r.parse::<u32>().ok()).and_then(|n| n.checked_sub(1));
        self.row = told.unwrap_or(self.next_row);
        self.next_row = self.row.saturating_add(1);
        self.next_column = 0;
    }

    fn begin(&mut self, e: &BytesStart<'_>, at: Range<usize>) {
        let told = attribute(e, "r").and_then(|r| cell(&r)).map(|(column, _)| column);
        let column = told.unwrap_or(self.next_column);
        self.next_column = column.saturating_add(1);
        let gone = self.gone.get(&self.row);
        self.open = Some(Cell {
            at,
            reference: attribute(e, "r"),
            style: attribute(e, "s"),
            shared: attribute(e, "t").is_some_and(|t| t == "s"),
            formula: false,
            value: String::new(),
            value_at: None,
            gone: gone.is_some_and(|g| g.has(column)),
            whole_row: gone == Some(&Gone::Row),
        });
    }

    /// Takes a step; gives a cell when it ends. The step belongs to a cell, or to the rows, if `false` comes beside it.
    fn take(&mut self, text: &str, step: &Step<'_>) -> (Option<Cell>, bool) {
        match &step.event {
            Event::Start(e) if local(e) == "sheetData" => self.in_data = true,
            Event::End(e) if e.name().into_inner().rsplit(':').next() == Some("sheetData") => self.in_data = false,
            _ if !self.in_data => return (None, true),
            Event::Start(e) => match local(e) {
                "row" => self.row(e),
                "c" => self.begin(e, step.at.clone()),
                "v" | "t" => self.in_value = self.open.is_some(),
                "f" => {
                    if let Some(open) = &mut self.open {
                        open.formula = true;
                    }
                }
                _ => {}
            },
            Event::Empty(e) => match local(e) {
                "row" => self.row(e),
                "c" => {
                    self.begin(e, step.at.clone());
                    return (self.open.take(), false);
                }
                "f" => {
                    if let Some(open) = &mut self.open {
                        open.formula = true;
                    }
                }
                _ => {}
            },
            Event::End(e) => match e.name().into_inner().rsplit(':').next() {
                Some("v" | "t") => self.in_value = false,
                Some("c") => {
                    if let Some(open) = &mut self.open {
                        open.at.end = step.at.end;
                    }
                    return (self.open.take(), false);
                }
                _ => {}
            },
            Event::Text(_) | Event::GeneralRef(_) | Event::CData(_) if self.in_value => {
                if let Some(open) = &mut self.open {
                    open.value.push_str(&unescape(text.get(step.at.clone()).unwrap_or_default()));
                    let from = open.value_at.as_ref().map_or(step.at.start, |r| r.start);
                    open.value_at = Some(from..step.at.end);
                }
            }
            _ => {}
        }
        (None, false)
    }
}

/// Takes the values of a sheet.
pub(super) fn scan(text: &str, gone: &BTreeMap<u32, Gone>, seen: &mut Seen) -> Result<(), Reason> {
    let mut walker = Walker::new(gone);
    walk(text, &mut |step| {
        if let (Some(cell), _) = walker.take(text, &step) {
            // What a formula shows is no value of its own.
            if cell.gone || !cell.formula {
                seen.take(cell.gone, cell.shared, cell.value);
            }
        }
        Ok(())
    })
}

/// A sheet without what goes, and the relations that it no longer names.
pub(super) struct Rewritten {
    pub text: String,
    pub relations: BTreeSet<String>,
}

/// Empties cells that go, takes out hyperlinks on them, and cleans what stands around the rows.
pub(super) fn rewrite(text: &str, gone: &BTreeMap<u32, Gone>, scrub: &Scrub) -> Result<Rewritten, Reason> {
    let mut edited = Edited::new(text);
    let mut relations = BTreeSet::new();
    let mut walker = Walker::new(gone);
    let mut dropping: Option<usize> = None;
    let mut element = String::new();
    walk(text, &mut |step| {
        let (cell, outside) = walker.take(text, &step);
        if let Some(cell) = cell {
            rewrite_cell(&mut edited, &cell, scrub);
            return Ok(());
        }
        if !outside {
            return Ok(());
        }
        match &step.event {
            Event::Start(e) | Event::Empty(e) if local(e) == "hyperlink" && on_gone(e, gone) => {
                relations.extend(attribute(e, "r:id"));
                if matches!(step.event, Event::Empty(_)) {
                    edited.replace(step.at, "");
                } else {
                    dropping = Some(step.at.start);
                }
            }
            Event::End(e) if e.name().into_inner().rsplit(':').next() == Some("hyperlink") => {
                if let Some(from) = dropping.take() {
                    edited.replace(from..step.at.end, "");
                }
            }
            event if dropping.is_none() => {
                let raw = text.get(step.at.clone()).unwrap_or_default();
                let cleaned = match event {
                    Event::Start(e) | Event::Empty(e) => scrub.attributes(e, raw),
                    Event::Text(_) | Event::CData(_) => scrub.text(&element, raw),
                    _ => None,
                };
                if let Event::Start(e) = event {
                    local(e).clone_into(&mut element);
                }
                if let Some(cleaned) = cleaned {
                    edited.replace(step.at, &cleaned);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(Rewritten { text: edited.finish(), relations })
}

fn rewrite_cell(edited: &mut Edited<'_>, cell: &Cell, scrub: &Scrub) {
    if !cell.gone {
        // What a formula showed of a value that went is a copy of it, also in the middle of a word.
        if let Some(at) = cell.value_at.clone().filter(|_| cell.formula && scrub.has(&cell.value)) {
            edited.replace(at, "");
        }
        return;
    }
    let written = |name: &str, value: &Option<String>| {
        value.as_ref().map(|v| format!(" {name}=\"{}\"", quick_xml::escape::escape(v.as_str()))).unwrap_or_default()
    };
    let empty = match cell.style.is_some() && !cell.whole_row {
        true => format!("<c{}{}/>", written("r", &cell.reference), written("s", &cell.style)),
        false => String::new(),
    };
    edited.replace(cell.at.clone(), &empty);
}

/// Whether an element's `ref` lies wholly on cells that go.
pub(super) fn on_gone(e: &BytesStart<'_>, gone: &BTreeMap<u32, Gone>) -> bool {
    let Some(area) = attribute(e, "ref").and_then(|r| area(&r)) else { return false };
    if area.rows.1 - area.rows.0 > 100_000 {
        return false;
    }
    let on = |row: u32| gone.get(&row).is_some_and(|g| (area.columns.0..=area.columns.1.min(area.columns.0 + 16_384)).all(|c| g.has(c)));
    (area.rows.0..=area.rows.1).all(on)
}
