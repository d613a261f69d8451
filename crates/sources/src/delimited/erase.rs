//! Erasing in a delimited file: a streaming rewrite in which all other bytes stay the same, then the old bytes are overwritten.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rows::Locator;
use terms::Fault;

use super::read;
use super::sniff::Form;
use crate::Pick;
use crate::dataset::{Action, Dataset};
use crate::ours::Ours;
use crate::overwrite::Rewrite;
use crate::walk::io_fault;

/// Erases what `pick` says.
pub(super) fn erase(path: &Path, form: &Form, dataset: &Dataset, ours: &Ours, pick: Pick<'_>) -> Result<(), Fault> {
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
    let rewrite = Rewrite::new(path, place, ours);
    rewrite.carry_out(&mut |part| write_without(path, part, form, dataset, &chosen)).map_err(|e| io_fault(&e, place))
}

fn write_without(path: &Path, part: File, form: &Form, dataset: &Dataset, chosen: &HashMap<u64, Action>) -> std::io::Result<()> {
    let place = &dataset.place;
    let unreadable = |_| std::io::Error::from(std::io::ErrorKind::InvalidData);
    let mut out = BufWriter::new(part);
    // What lies between records (the byte order mark, empty lines) is copied from the old file as it is.
    let mut old = File::open(path)?;
    let mut copied = 0u64;
    let mut splitter = read::splitter(path, form, place).map_err(unreadable)?;
    while splitter.next().map_err(unreadable)? {
        let (from, to) = splitter.range();
        copy(&mut old, copied, from, &mut out)?;
        copied = to;
        match chosen.get(&splitter.ordinal()) {
            None | Some(Action::Keep) => out.write_all(splitter.raw())?,
            Some(Action::Delete) => {}
            Some(Action::Overwrite(columns, left)) => {
                let width = dataset.columns.len();
                let emptied = |i: usize| columns.iter().any(|c| *c as usize == i || (i >= width && *c as usize + 1 == width));
                let (raw, mut at) = (splitter.raw(), 0);
                for i in (0..splitter.fields()).filter(|i| emptied(*i)) {
                    let (from, to) = splitter.span(i);
                    // A field beyond the columns goes with its delimiter: it was read as part of the last column.
                    let from = if i >= width { from.saturating_sub(splitter.unit()) } else { from };
                    out.write_all(raw.get(at..from).unwrap_or_default())?;
                    let stays = columns.iter().position(|c| *c as usize == i).and_then(|n| left.get(n));
                    stays.map_or(Ok(()), |(_, bytes)| out.write_all(&written(form, bytes)))?;
                    at = to;
                }
                out.write_all(raw.get(at..).unwrap_or_default())?;
            }
        }
    }
    let end = old.metadata()?.len();
    copy(&mut old, copied, end, &mut out)?;
    out.flush()
}

/// A value as the file has it: in quotes where it would be taken for more than one.
fn written(form: &Form, bytes: &[u8]) -> Vec<u8> {
    let text = form.encoding.decode(bytes);
    let plain = !text.contains(['"', '\r', '\n', char::from(form.delimiter)]);
    if plain { bytes.to_vec() } else { form.encoding.encode(&format!("\"{}\"", text.replace('"', "\"\""))) }
}

fn copy(old: &mut File, from: u64, to: u64, out: &mut impl Write) -> std::io::Result<()> {
    if to > from {
        old.seek(SeekFrom::Start(from))?;
        std::io::copy(&mut Read::by_ref(old).take(to - from), out)?;
    }
    Ok(())
}
