//! Sealing: every row gets a shuffled position, a commitment, a place in the index, and lies in the archive under its person's key.

use std::collections::BTreeMap;

use case::{By, Command, DatasetSealed, Event, SealKind};
use ledger::{commitment, leaf_hash, positions, row_key};
use rows::{Batch, canonical_row};
use subjects::NOBODY;
use terms::{DatasetSeen, Digest, Fault, Given};

use crate::holdings::Branches;
use crate::index::{Digester, SealIndex, SealRow, segment};
use crate::matching::Persons;
use crate::opened::Listed;
use crate::progress::Progress;
use crate::rowfacts::Tells;
use crate::survey::DatasetDigest;
use crate::workspace::Workspace;

/// Where a person's rows stand: (seal, position, commitment), by slot.
pub(crate) type RowLists = BTreeMap<u32, Vec<(u64, u64, [u8; 32])>>;

/// What is sealed of a data set.
pub(crate) enum Of<'a> {
    /// All rows.
    Everything,
    /// The rows that came or changed since that seal; a flag by reading order, and the groups of that seal.
    Late { of_n: u64, rows: Vec<bool>, groups: &'a [String] },
}

impl Of<'_> {
    fn takes(&self, row: usize) -> bool {
        match self {
            Of::Everything => true,
            Of::Late { rows, .. } => rows.get(row).copied().unwrap_or(true),
        }
    }
}

/// Seals data set after data set into one archive.
pub(crate) struct Sealer<'a> {
    pub scan_n: u64,
    pub archive: &'a str,
    /// The slot of each person.
    pub slots: &'a [u32],
    pub persons: &'a Persons,
    pub row_lists: RowLists,
    pub nobody: u64,
}

/// A data set while it is sealed.
struct Sealing<'a> {
    key: zeroize::Zeroizing<[u8; 32]>,
    at: Vec<u32>,
    index: SealIndex,
    commitments: Vec<[u8; 32]>,
    digester: Digester,
    branches: &'a mut Branches,
    lists: Vec<(u32, u64, [u8; 32])>,
}

impl Sealer<'_> {
    /// Seals a data set; gives the seal's number.
    ///
    /// # Errors
    /// If the source is not as it was when it was matched.
    pub(crate) fn seal(
        &mut self,
        workspace: &mut Workspace,
        source: &mut dyn sources::Source,
        listed: &Listed,
        seen: &DatasetSeen,
        (tells, of, branches): (&Tells, &Of<'_>, &mut Branches),
        progress: &dyn Progress,
    ) -> Result<u64, Fault> {
        let place = &seen.dataset;
        let moved = || Fault::new("source_moved").with("place", place).retry();
        let too_many = |_| Fault::new("too_many_rows").with("place", place);
        let all = usize::try_from(seen.rows).map_err(too_many)?;
        let owners = self.persons.of_row.get(place).filter(|o| o.len() == all).ok_or_else(moved)?;
        let rows = u32::try_from((0..all).filter(|i| of.takes(*i)).count()).map_err(too_many)?;
        let slots = workspace.vault()?.slots();
        let key_slot = slots.append(2)?;
        let key = slots.key(key_slot)?.ok_or_else(|| Fault::new("slots_damaged"))?;
        let mut sealing = Sealing {
            at: positions(&key, rows),
            index: SealIndex { key_slot, archive: self.archive.to_owned(), rows: Vec::with_capacity(rows as usize) },
            commitments: vec![[0u8; 32]; rows as usize],
            digester: Digester::new(key.clone(), listed.dataset.computed()),
            branches,
            lists: Vec::new(),
            key,
        };
        let mut writer = workspace.vault()?.write_segment(self.archive, &segment(place), listed.dataset.columns.len())?;
        let mut bytes = Vec::new();
        let mut i = 0usize;
        let digest_key = workspace.vault()?.digest_key("inventory");
        let mut digest = DatasetDigest::new(&digest_key);
        let vault = workspace.vault()?;
        source.read(place, &mut |batch| {
            for row in 0..batch.rows() {
                let person = owners.get(i).copied().ok_or_else(moved)?;
                digest.row(batch, row);
                if of.takes(i) {
                    canonical_row(batch.row(row), &mut bytes);
                    let slot = self.slots.get(person as usize).copied().unwrap_or(key_slot + 1);
                    let nobody = person == NOBODY;
                    let person_key = match nobody {
                        true => zeroize::Zeroizing::new([0; 32]),
                        false => vault.slots().key(slot)?.ok_or_else(|| Fault::new("slots_damaged"))?,
                    };
                    let given = self.persons.given(tells, listed, batch, row, person);
                    let p = sealing.take(batch, row, (slot, nobody, &person_key), given, &bytes).ok_or_else(moved)?;
                    writer.add(vault.slots(), slot, p, &bytes)?;
                }
                i += 1;
            }
            progress.add(batch.rows() as u64);
            Ok(())
        })?;
        // A file has no snapshot: what was sealed is what was matched, row by row, or nothing is.
        if i != all || digest.finish() != seen.digest || sealing.index.rows.len() != rows as usize {
            return Err(moved());
        }
        writer.finish(vault.slots())?;
        sealing.index.keep(workspace, &SealIndex::name(self.scan_n, place))?;
        self.nobody += sealing.index.rows.iter().filter(|r| r.nobody).count() as u64;
        let root = Digest(ledger::root(sealing.commitments.iter().map(|c| leaf_hash(c))));
        let n = record(workspace, seen, of, root, u64::from(rows))?;
        for (slot, p, c) in sealing.lists {
            self.row_lists.entry(slot).or_default().push((n, p, c));
        }
        Ok(n)
    }
}

impl Sealing<'_> {
    /// Takes the next row; gives its position.
    fn take(&mut self, batch: &Batch, row: usize, (slot, nobody, key): (u32, bool, &[u8; 32]), given: Given, bytes: &[u8]) -> Option<u32> {
        let position = self.at.get(self.index.rows.len()).copied()?;
        let c = commitment(&row_key(&self.key, u64::from(position), key), bytes);
        *self.commitments.get_mut(position as usize)? = c;
        if !nobody {
            self.lists.push((slot, u64::from(position), c));
        }
        self.index.rows.push(SealRow {
            position,
            slot,
            nobody,
            branch: self.branches.of(given),
            digest: self.digester.row(batch, row),
            after: Vec::new(),
            locator: batch.locator_bytes(row).to_vec(),
        });
        Some(position)
    }
}

fn record(workspace: &mut Workspace, seen: &DatasetSeen, of: &Of<'_>, root: Digest, rows: u64) -> Result<u64, Fault> {
    let (kind, of_n, groups) = match of {
        Of::Everything => {
            let groups: std::collections::BTreeSet<String> = seen.columns.iter().filter_map(|c| c.group.clone()).collect();
            (SealKind::Full, None, groups.into_iter().collect())
        }
        Of::Late { of_n, groups, .. } => (SealKind::Delta, Some(*of_n), groups.to_vec()),
    };
    let event = DatasetSealed {
        copy: "live".to_owned(),
        dataset: seen.dataset.clone(),
        groups,
        kind,
        of_n,
        root,
        rows,
        run_n: workspace.run_n()?,
        schema_doc: seen.schema,
    };
    let n = workspace.record(Command::Record(By::Run, Event::DatasetSealed(event)))?;
    n.first().copied().ok_or_else(|| Fault::new("document_form"))
}
