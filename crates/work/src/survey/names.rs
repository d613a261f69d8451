//! Names in the case file that nothing has, and files of which it says what they are not.

use detect::Headers;
use inventory::shown_name;
use sources::{Dataset, FileFound, Places};
use terms::{Fault, Place};

use case::file::{column_named, fits};

use crate::opened::Opened;
use crate::references::{referred, target};
use crate::workspace::Workspace;

/// Refuses a file that the case file names, and that would become of it what becomes of documents: it is no list of a kind that is known, or
/// damaged.
fn read_as_named(workspace: &mut Workspace, opened: &Opened) -> Result<(), Fault> {
    let places = workspace.places()?;
    for said in &workspace.file.datasets {
        let Some((source, name)) = said.at.value.split_once('/') else { continue };
        let Some(i) = workspace.file.sources.iter().position(|s| s.id.value == source) else { continue };
        let Some(own) = crate::policy::place_of(i) else { continue };
        let here = |f: &&FileFound| f.place.source() == own.as_str() && f.read_in.is_some();
        let found = opened.files.iter().filter(here).find(|f| places.name(&f.place).is_some_and(|known| known == name));
        if let Some(file) = found.filter(|_| !opened.listed.iter().any(|l| l.said.as_ref().is_some_and(|s| s.at == said.at))) {
            return Err(Fault::new("named_file_is_document").with("line", said.at.line).with("place", &file.place));
        }
    }
    Ok(())
}

/// Refuses names in the case file that nothing has: what is misspelt there would silently be left out.
pub(super) fn names_fit(workspace: &mut Workspace, opened: &Opened) -> Result<(), Fault> {
    read_as_named(workspace, opened)?;
    references_fit(workspace, opened)?;
    if !opened.unread.is_empty() || !workspace.state.orders.is_empty() {
        // What was not read may have them; and what was destroyed by the case itself is not there any more.
        return Ok(());
    }
    let places = workspace.places()?;
    for said in &workspace.file.datasets {
        let own: Vec<&Dataset> =
            opened.listed.iter().filter(|l| l.said.as_ref().is_some_and(|s| s.at == said.at)).map(|l| &l.dataset).collect();
        let nothing = |line: u64, field: &str, name: &str| {
            let known = if own.is_empty() { tables(opened) } else { columns(&own) };
            Err(names_nothing(line, field, name, &known))
        };
        if own.is_empty() {
            // A pattern of what is nobody's may well be for nothing: what it does not name stays unclassified, and is asked about.
            let nobodys = said.at.value.contains('*') && said.class.as_ref().is_some_and(|c| c.value == "none");
            if nobodys || was_there(workspace, &places, &said.at.value) {
                continue;
            }
            return nothing(said.at.line, "datasets.at", &said.at.value);
        }
        let names: Vec<Vec<&str>> = own.iter().map(|d| d.columns.iter().map(|c| c.name.as_str()).collect()).collect();
        let lacks = |column: &&String| !names.iter().any(|names| names.contains(&column_named(column, names)));
        let tells = || said.tells.value.values().filter(|c| !c.starts_with('='));
        let key = said.key.as_ref();
        let fields: [(u64, &str, Option<&String>); 6] = [
            (key.map_or(0, |k| k.line), "datasets.key", key.map(|k| &k.value).filter(lacks)),
            (said.groups.line, "datasets.groups", said.groups.value.values().flatten().find(lacks)),
            (said.tells.line, "datasets.tells", tells().find(lacks)),
            (said.leave.line, "datasets.leave", said.leave.value.keys().find(lacks)),
            (said.at.line, "datasets.not_personal", said.not_personal.keys().find(lacks)),
            (said.at.line, "datasets.no_references", said.no_references.iter().find(lacks)),
        ];
        if let Some((line, field, Some(name))) = fields.into_iter().find(|(_, _, name)| name.is_some()) {
            return nothing(line, field, name);
        }
    }
    Ok(())
}

fn names_nothing(line: u64, field: &str, name: &str, known: &str) -> Fault {
    Fault::new("case_names_nothing").with("line", line).with("field", field).with("name", name).with("known", known)
}

/// Refuses references that lead nowhere, whatever else was not read: on them it depends what is deleted.
fn references_fit(workspace: &Workspace, opened: &Opened) -> Result<(), Fault> {
    if !workspace.state.orders.is_empty() {
        // What was destroyed by the case itself is not there any more.
        return Ok(());
    }
    let listed = || opened.listed.iter().filter_map(|l| Some((&l.dataset, l.said.as_ref()?)));
    for (dataset, said) in listed() {
        let owner = said.owner.iter().map(|o| ("datasets.owner", o));
        for (field, of) in owner.chain(said.references.iter().map(|r| ("datasets.references", r))) {
            let lacks = |what: &str, name: &str, known: &str| Err(names_nothing(of.of.line, &format!("{field}.{what}"), name, known));
            let has = |d: &Dataset| d.columns.iter().any(|c| c.name == of.column);
            let target = target(&workspace.file, &opened.listed, of);
            match target {
                // What a pattern names may lack it here and there.
                _ if !has(dataset) && listed().any(|(d, s)| s.at == said.at && has(d)) => {}
                _ if !has(dataset) => return lacks("column", &of.column, &columns(&[dataset])),
                _ if referred(&workspace.file, &opened.listed, dataset, of).is_some() => {}
                Some(target) => return lacks("key", &of.key, &columns(&[target])),
                // Something that was not read may be it.
                None if opened.unread.is_empty() => return lacks("of", &of.of.value, &tables(opened)),
                None => {}
            }
        }
    }
    Ok(())
}

/// Whether something of that name was sealed: it is gone, and not misspelt.
fn was_there(workspace: &Workspace, places: &Places, at: &str) -> bool {
    let Some((source, pattern)) = at.split_once('/') else { return false };
    let Some(i) = workspace.file.sources.iter().position(|s| s.id.value == source) else { return false };
    let sealed = workspace.state.newest_seals();
    let is =
        |place: &Place, name: &str| crate::policy::place_of(i).is_some_and(|own| place.source() == own.as_str()) && fits(pattern, name);
    places.names().any(|(place, name)| is(place, name) && sealed.iter().any(|s| s.dataset == *place))
}

/// Most names that a fault lists.
const NAMES_MAX: usize = 40;

/// Columns as far as their names may be shown, else by their number.
fn columns(sets: &[&Dataset]) -> String {
    let headers = Headers::shipped().ok();
    let shown = |d: &&Dataset, i: usize, name: &str| {
        headers.as_ref().and_then(|h| shown_name(name, d.is_table, h)).unwrap_or_else(|| format!("#{i}"))
    };
    let all = sets.iter().flat_map(|d| d.columns.iter().enumerate().map(move |(i, c)| shown(d, i, &c.name)));
    all.take(NAMES_MAX).collect::<Vec<_>>().join(", ")
}

/// Places of data sets: `custody places` tells their names.
fn tables(opened: &Opened) -> String {
    opened.listed.iter().map(|l| l.dataset.place.to_string()).take(NAMES_MAX).collect::<Vec<_>>().join(", ") + " (`custody places`)"
}
