//! Erasing in a delimited file: a streaming rewrite in which all other bytes stay the same, then the old bytes are overwritten.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rows::Locator;
use terms::{Fault, Place};

use super::sniff::Form;
use super::{io_fault, read};
use crate::Pick;
use crate::dataset::{Action, Dataset};
use crate::overwrite::{replace, sync_folder, wipe};
use crate::places::Places;

/// Name of the new file while it is written, and once it is whole. The mark is the workspace's: a file of this kind with another mark
/// is somebody else's.
fn beside(path: &Path, place: &Place, mark: &str, state: &str) -> PathBuf {
    path.with_file_name(format!(".custody-{mark}-{}.{state}", place.as_str().replace('/', "_")))
}

/// Finishes what a crash interrupted: a whole new file takes the old one's place, a part is wiped.
pub(super) fn recover(folder: &Path, source: &Place, places: &Places) -> Result<(), Fault> {
    let own = format!(".custody-{}-", places.mark());
    let file = if folder.is_file() { folder.parent().unwrap_or(Path::new(".")) } else { folder };
    for found in super::walk(file, source)?.into_iter().filter(|f| f.unread.is_none()) {
        let name = found.path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let Some(rest) = name.strip_prefix(&own).filter(|_| !places.mark().is_empty()) else { continue };
        let map = |e: std::io::Error| io_fault(&e, source);
        if rest.ends_with(".part") {
            wipe(&found.path).map_err(map)?;
        } else if let Some(id) = rest.strip_suffix(".ready") {
            let place = Place::new(id.replacen('_', "/", 1)).filter(|p| p.source() == source.as_str());
            let known = place.as_ref().and_then(|p| places.name(p));
            let old = known.map(|n| if folder.is_file() { folder.to_owned() } else { folder.join(n) });
            // The old file lies beside the new one, or its name was taken already.
            if let Some(old) = old.filter(|o| o.parent() == found.path.parent()) {
                replace(&found.path, &old).map_err(map)?;
            }
        }
    }
    Ok(())
}

/// Erases what `pick` says.
pub(super) fn erase(path: &Path, form: &Form, dataset: &Dataset, mark: &str, pick: Pick<'_>) -> Result<(), Fault> {
    let place = &dataset.place;
    let mut chosen: HashMap<u64, Action> = HashMap::new();
    read::read(path, form, dataset.columns.len(), place, &mut |batch| {
        for row in 0..batch.rows() {
            let action = pick(place, batch, row)?;
            if let (true, Some(Locator::Bytes { record, .. })) = (action != Action::Keep, batch.locator(row)) {
                chosen.insert(record, action);
            }
        }
        Ok(())
    })?;
    if chosen.is_empty() {
        return Ok(());
    }
    let part = beside(path, place, mark, "part");
    let ready = beside(path, place, mark, "ready");
    rewrite(path, &part, form, dataset, &chosen).inspect_err(|_| {
        // A half-written file holds personal data too; if it cannot be wiped now, the next start does it.
        let _ = wipe(&part);
    })?;
    let map = |e: std::io::Error| io_fault(&e, place);
    fs::rename(&part, &ready).map_err(map)?;
    sync_folder(path.parent().unwrap_or(Path::new("."))).map_err(map)?;
    replace(&ready, path).map_err(map)
}

fn rewrite(path: &Path, part: &Path, form: &Form, dataset: &Dataset, chosen: &HashMap<u64, Action>) -> Result<(), Fault> {
    let place = &dataset.place;
    let map = |e: std::io::Error| io_fault(&e, place);
    let rights = fs::metadata(path).map_err(map)?.permissions();
    let mut out = BufWriter::new(private(part).map_err(map)?);
    // What lies between records (the byte order mark, empty lines) is copied from the old file as it is.
    let mut old = File::open(path).map_err(map)?;
    let mut copied = 0u64;
    let mut splitter = read::splitter(path, form, place)?;
    while splitter.next()? {
        let (from, to) = splitter.range();
        copy(&mut old, copied, from, &mut out).map_err(map)?;
        copied = to;
        match chosen.get(&splitter.ordinal()) {
            None | Some(Action::Keep) => out.write_all(splitter.raw()).map_err(map)?,
            Some(Action::Delete) => {}
            Some(Action::Empty(columns, _)) => {
                let width = dataset.columns.len();
                let emptied = |i: usize| columns.iter().any(|c| *c as usize == i || (i >= width && *c as usize + 1 == width));
                let (raw, mut at) = (splitter.raw(), 0);
                for i in (0..splitter.fields()).filter(|i| emptied(*i)) {
                    let (from, to) = splitter.span(i);
                    // A field beyond the columns goes with its delimiter: it was read as part of the last column.
                    let from = if i >= width { from.saturating_sub(splitter.unit()) } else { from };
                    out.write_all(raw.get(at..from).unwrap_or_default()).map_err(map)?;
                    at = to;
                }
                out.write_all(raw.get(at..).unwrap_or_default()).map_err(map)?;
            }
        }
    }
    let end = old.metadata().map_err(map)?.len();
    copy(&mut old, copied, end, &mut out).map_err(map)?;
    let file = out.into_inner().map_err(|e| io_fault(e.error(), place))?;
    file.sync_all().map_err(map)?;
    // Who might read the old file may read the new one, and nobody else.
    fs::set_permissions(part, rights).map_err(map)
}

/// A new file that only its owner may read.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn copy(old: &mut File, from: u64, to: u64, out: &mut impl Write) -> std::io::Result<()> {
    if to > from {
        old.seek(SeekFrom::Start(from))?;
        std::io::copy(&mut Read::by_ref(old).take(to - from), out)?;
    }
    Ok(())
}
