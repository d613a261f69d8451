//! Documents in a folder, and what lies in archives and mails: one row each, path and text; erased whole, out of their archives where they lie in one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use formats::{Fate, Fates, Kind, Limits, Reason};
use rows::{Batch, BatchBuilder, CellRef, Locator, Tag};
use terms::{Fault, Place};

use crate::blank::Blank;
use crate::dataset::{Action, Column, Dataset, Listing, Missed, ReadSummary};
use crate::look::Look;
use crate::ours::{Ours, is_being_overwritten, stamp};
use crate::overwrite::{Rewrite, wipe_noting};
use crate::places::{Places, Reasons};
use crate::raw::{Record, points};
use crate::walk::{Found, INSIDE, io_fault, leaves_of, named, walk};
use crate::{Pick, Sink};

/// The name of the data set.
const NAME: &str = "documents";
/// How documents read: one more whenever the text of one that is as it was would read otherwise.
const READING: u32 = 6;
const BATCH_BYTES: usize = 8 << 20;
/// Bytes that are rewritten in a second.
const REWRITE: u64 = 20 << 20;
/// Most bytes that are said of a member.
const BYTES_MOST: u64 = 1 << 50;
/// What is noted of all documents before some are erased, and after; of each of these before the first goes; and once it is gone.
const BEGINS: &str = "begins";
const ENDED: &str = "ended";
const GOING: &str = "going ";
const GONE: &str = "gone";
/// Most values of one document that are looked for.
const PARTS_MAX: usize = 10_000;

/// The way to a document: the ordinal of its file, and names of members from there.
type Way = (usize, Vec<String>);

/// A file that an erasing which did not end was to take away.
struct Going {
    place: String,
    /// As it was when the erasing began.
    stamp: String,
    is_gone: bool,
}

/// The documents of a folder.
pub(crate) struct Documents {
    source: Place,
    folder: PathBuf,
    files: Vec<(Found, Place)>,
    /// Files with several names: not erased here, but looked into.
    several: Vec<(Found, Place)>,
    place: Option<Place>,
    ours: Ours,
}

impl Documents {
    pub(crate) fn new(source: Place, folder: &Path) -> Documents {
        Documents { source, folder: folder.to_owned(), files: Vec::new(), several: Vec::new(), place: None, ours: Ours::default() }
    }

    pub(crate) fn is(&self, place: &Place) -> bool {
        self.place.as_ref() == Some(place)
    }

    /// The data set in which a file is read, if it is.
    pub(crate) fn reads(&self, file: &Place) -> Option<Place> {
        self.files.iter().any(|(_, own)| own == file).then(|| self.place.clone()).flatten()
    }

    /// Looks once at every file that is not read row by row elsewhere: what cannot be read is named, member by member.
    pub(crate) fn list(&mut self, places: &mut Places, elsewhere: &dyn Fn(&str) -> bool) -> Result<Listing, Fault> {
        self.ours = places.ours();
        let mut listing = Listing::default();
        let full = || Fault::new("too_many_datasets").with("source", &self.source).with("most", 0);
        let found = walk(&self.folder, &self.source)?.into_iter().filter(|f| !elsewhere(&f.name));
        let (files, special): (Vec<Found>, Vec<Found>) = found.partition(|f| f.unread.is_none());
        self.several.clear();
        let mut lost = None;
        for file in special {
            let own = places.of(&self.source, 'f', &file.name).ok_or_else(full)?;
            let missed = Missed { place: own.clone(), reason: file.unread.unwrap_or_default().to_owned(), bytes: file.bytes() };
            lost = lost.or(lost_in(places, &own, std::slice::from_ref(&missed)));
            listing.missed.push(missed);
            self.several.extend(Some((file, own)).filter(|(file, _)| file.opens()));
        }
        let mut bytes = 0;
        let mut placed = Vec::new();
        let place = places.of(&self.source, 'd', NAME).ok_or_else(full)?;
        self.place = Some(place.clone());
        let going = self.going();
        // The last that was done, and the one whose turn it was.
        let done = going.iter().take_while(|g| g.is_gone).count();
        let may_be_half_gone = |own: &Place| going.iter().skip(done.saturating_sub(1)).take(2).any(|g| g.place == own.as_str());
        for file in files {
            let own = places.of(&self.source, 'f', &file.name).ok_or_else(full)?;
            if may_be_half_gone(&own) && is_being_overwritten(&file.path) {
                // A run ended while it took this one away.
                self.take_away(&file, &own)?;
                continue;
            }
            bytes += file.bytes();
            let missed = missed_in(&file, &own, places).ok_or_else(full)?;
            lost = lost.or(lost_in(places, &own, &missed));
            listing.missed.extend(missed);
            placed.push((file, own));
        }
        self.files = placed;
        if self.files.is_empty() && lost.is_none() {
            return Ok(listing);
        }
        let column = |name: &str| Column { name: name.to_owned(), ..Column::default() };
        let columns = vec![column("path"), column("text")];
        listing.datasets.push(Dataset {
            is_table: true,
            mentions: true,
            lost,
            reading: READING,
            ..Dataset::in_file(place, NAME.to_owned(), columns, bytes, REWRITE)
        });
        Ok(listing)
    }

    pub(crate) fn read(&self, sink: Sink<'_>) -> Result<ReadSummary, Fault> {
        self.each(&mut |batch, _| sink(batch))
    }

    /// Reads all documents; `sink` gets batches with the way to each row: its path alone may be that of several, for names may hold anything.
    fn each(&self, sink: &mut dyn FnMut(&Batch, &[Way]) -> Result<(), Fault>) -> Result<ReadSummary, Fault> {
        let mut builder = BatchBuilder::new(2);
        let mut ways: Vec<Way> = Vec::new();
        let mut summary = ReadSummary::default();
        let mut stopped = None;
        for (number, (file, _)) in self.files.iter().enumerate() {
            leaves_of(file, &mut |leaf| {
                let Ok(text) = leaf.text else { return Ok(()) };
                if leaf.kind == Kind::Empty && is_container(leaf.path.last().unwrap_or(&file.name)) {
                    return Ok(());
                }
                let path = named(file, &leaf.path);
                let cells = [path.as_str(), &text].map(|t| CellRef { tag: Tag::Text, bytes: t.as_bytes() });
                builder.push(&Locator::Bytes { record: summary.rows, from: 0, to: leaf.bytes }, cells);
                ways.push((number, leaf.path));
                summary.rows += 1;
                if builder.bytes() >= BATCH_BYTES {
                    if let Err(fault) = sink(&builder.finish(), &ways) {
                        stopped = Some(fault);
                        return Err(Reason::Unreadable);
                    }
                    ways.clear();
                }
                Ok(())
            });
            if let Some(fault) = stopped {
                return Err(fault);
            }
        }
        if builder.rows() > 0 {
            sink(&builder.finish(), &ways)?;
        }
        Ok(summary)
    }

    /// Files go whole; members go out of their archives, file by file.
    pub(crate) fn erase(&self, place: &Place, pick: Pick<'_>) -> Result<(), Fault> {
        self.ours.note(&[(place, BEGINS)]).map_err(|e| io_fault(&e, place))?;
        // As they are before they are read: what is put in their place meanwhile is not erased.
        let stamps: Vec<Option<String>> = self.files.iter().map(|(file, _)| stamp(&file.path).ok()).collect();
        let mut gone: BTreeMap<usize, Fates> = BTreeMap::new();
        self.each(&mut |batch, ways| {
            for (row, (file, path)) in ways.iter().enumerate() {
                let fate = match pick(place, batch, row)? {
                    Action::Keep => continue,
                    Action::Delete => Fate::Gone,
                    Action::Overwrite(columns, _) if columns.contains(&1) => Fate::Emptied,
                    Action::Overwrite(..) => return Err(Fault::new("whole_file_only").with("place", place)),
                };
                gone.entry(*file).or_default().insert(path.clone(), fate);
            }
            Ok(())
        })?;
        let moved = |own: &Place| Fault::new("source_moved").with("place", own).retry();
        let all = gone.into_iter().filter_map(|(n, fates)| Some((self.files.get(n)?, stamps.get(n)?.as_deref(), fates)));
        let all: Vec<(&(Found, Place), &str, Fates)> =
            all.map(|(of, stamp, fates)| Ok((of, stamp.ok_or_else(|| moved(&of.1))?, fates))).collect::<Result<_, Fault>>()?;
        let going: Vec<(&Place, String)> = all.iter().map(|((_, own), stamp, _)| (own, format!("{GOING}{stamp}"))).collect();
        let going: Vec<(&Place, &str)> = going.iter().map(|(own, words)| (*own, words.as_str())).collect();
        self.ours.note(&going).map_err(|e| io_fault(&e, place))?;
        for ((file, own), before, fates) in all {
            if stamp(&file.path).ok().as_deref() != Some(before) {
                return Err(moved(own));
            }
            self.erase_in(file, own, &fates)?;
        }
        self.ours.note(&[(place, ENDED)]).map_err(|e| io_fault(&e, place))
    }

    /// Files that an erasing which did not end was to take away, in that order.
    fn going(&self) -> Vec<Going> {
        let Some(place) = &self.place else { return Vec::new() };
        let noted = self.ours.noted();
        let begun = noted.iter().rposition(|(p, words)| p == place.as_str() && words == BEGINS).map_or(noted.len(), |at| at + 1);
        let since = noted.get(begun..).unwrap_or_default();
        if since.iter().any(|(p, words)| p == place.as_str() && words == ENDED) {
            return Vec::new();
        }
        let gone: BTreeSet<&str> = since.iter().filter(|(_, words)| words == GONE).map(|(p, _)| p.as_str()).collect();
        let going = since.iter().filter_map(|(p, words)| Some((p, words.strip_prefix(GOING)?)));
        going.map(|(p, stamp)| Going { place: p.clone(), stamp: stamp.to_owned(), is_gone: gone.contains(p.as_str()) }).collect()
    }

    /// Whether nobody else took away or changed what was still to be erased when the last erasing ended.
    pub(crate) fn as_left(&self) -> bool {
        let going = self.going();
        let as_it_was = |g: &Going, (file, own): &(Found, Place)| {
            own.as_str() == g.place && (stamp(&file.path).is_ok_and(|now| now == g.stamp) || self.ours.left(own, &file.path))
        };
        !going.is_empty() && going.iter().filter(|g| !g.is_gone).all(|g| self.files.iter().any(|file| as_it_was(g, file)))
    }

    /// Overwrites a file, notes that it is gone, and removes it: one that is not there without that note was taken away by somebody else.
    fn take_away(&self, file: &Found, own: &Place) -> Result<(), Fault> {
        wipe_noting(&file.path, || self.ours.note(&[(own, GONE)])).map_err(|e| io_fault(&e, own))
    }

    fn erase_in(&self, file: &Found, place: &Place, fates: &Fates) -> Result<(), Fault> {
        let rewritten =
            |written: std::io::Result<()>| written.and_then(|()| self.ours.note(&[(place, GONE)])).map_err(|e| io_fault(&e, place));
        match fates.get(&Vec::new()) {
            Some(Fate::Gone) => return self.take_away(file, place),
            Some(Fate::Emptied) => return rewritten(Rewrite::new(&file.path, place, &self.ours).carry_out(&mut |_| Ok(()))),
            None => {}
        }
        let (mut refused, mut stays) = (None, true);
        let written = Rewrite::new(&file.path, place, &self.ours).carry_out(&mut |mut part| {
            let old = File::open(&file.path)?;
            stays = formats::without(&file.name, old, &mut part, fates, Limits::default()).map_err(|reason| {
                refused = Some(reason);
                std::io::Error::from(std::io::ErrorKind::InvalidData)
            })?;
            // What nothing stays of is not rewritten, it goes.
            if stays { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
        });
        match (written, refused) {
            _ if !stays => self.take_away(file, place),
            (Err(_), Some(reason)) => Err(Fault::named(reason.code()).with("place", place)),
            (other, _) => rewritten(other),
        }
    }

    /// Looks through every file as it lies, and once more as it reads.
    pub(crate) fn look(&self, look: &mut Look<'_>) {
        self.files.iter().for_each(|file| look.any(file, self.place.as_ref()));
        self.several.iter().for_each(|file| look.any(file, None));
    }
}

/// What cannot be read in a file, member by member; none if there are too many places.
fn missed_in(file: &Found, own: &Place, places: &mut Places) -> Option<Vec<Missed>> {
    let mut unread = Vec::new();
    leaves_of(file, &mut |leaf| {
        unread.extend(leaf.text.err().map(|reason| (leaf.path.join(INSIDE), reason, leaf.bytes)));
        Ok(())
    });
    let missed = unread.into_iter().map(|(member, reason, bytes)| {
        let place = if member.is_empty() { own.clone() } else { places.of(own, 's', &member)? };
        // What a forged header says is no number of bytes that lies anywhere.
        Some(Missed { place, reason: reason.code().to_owned(), bytes: bytes.min(BYTES_MOST) })
    });
    missed.collect()
}

/// The place of a file in which something cannot be read that could be when it was sealed.
fn lost_in(places: &mut Places, own: &Place, missed: &[Missed]) -> Option<Place> {
    let mut reasons = Reasons::new();
    missed.iter().for_each(|m| *reasons.entry(m.reason.clone()).or_default() += 1);
    places.lost_in(own, reasons).then(|| own.clone())
}

/// What erasing leaves.
pub(crate) fn blanks() -> Vec<Blank> {
    vec![Blank::Text, Blank::Text]
}

/// A row's text, and the values in it that point to one person.
pub(crate) fn record(cells: &[CellRef<'_>]) -> Record {
    let mut out = Record::joined(cells, b"");
    if let Some(text) = cells.get(1) {
        // What programs write into every package alike is nobody's.
        let own = text.bytes.split(|b| *b == formats::PROGRAMS_OWN as u8).next().unwrap_or_default();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"@._-+".contains(b);
        let words = own.split(|b| !(plain(b) || *b >= 0x80)).filter(|w| points(w));
        // In Chinese nothing stands between a sentence and the number in it.
        let all = words.flat_map(|w| std::iter::once(w).chain(w.split(|b| !plain(b)).filter(|part| part.len() < w.len() && points(part))));
        out.parts_of(1, all.take(PARTS_MAX).map(<[u8]>::to_vec).collect());
    }
    out
}

/// Archives and mailboxes are no documents of their own: an empty one has nothing in it.
fn is_container(name: &str) -> bool {
    let lower = name.to_lowercase();
    [".mbox", ".mbx", ".zip", ".tar", ".gz", ".tgz"].iter().any(|e| lower.ends_with(e))
}
