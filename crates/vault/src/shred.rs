//! Shredding: keys zeroed, index and slots written anew under the next epoch, the old epoch key destroyed (EVIDENCE §8).

use std::fs;
use std::path::Path;

use terms::Fault;

use crate::random::random_key;
use crate::sealed::{UNFINISHED, io, open_bytes, seal_bytes, sync_folder, wipe, write_whole};
use crate::slots::epoch_at;
use crate::vault::{Vault, named};

/// What is to be shredded.
pub struct ShredPlan<'a> {
    /// Slots whose keys die.
    pub slots: &'a [u32],
    /// The epoch in which it was ordered.
    pub epoch: u64,
    /// A file of the index without the dead: name and bytes to new bytes; none drops the file.
    pub rewrite: &'a dyn Fn(&str, &[u8]) -> Result<Option<Vec<u8>>, Fault>,
}

/// What was seen afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShredSeen {
    /// Listed slots that are zero.
    pub zero: u64,
    /// The epoch in force.
    pub epoch: u64,
    /// Whether the holder has no key of an older epoch.
    pub holder_gone: bool,
}

/// Carries a shred out, or goes on with one that was cut off; done twice is done once.
///
/// # Errors
/// If a step fails; calling again goes on.
pub fn shred(vault: &mut Vault, plan: &ShredPlan<'_>) -> Result<ShredSeen, Fault> {
    let (folder, _, slots) = vault.parts();
    let folder = folder.to_owned();
    if slots.epoch() == plan.epoch {
        prepare(vault, plan, &folder)?;
        begin_renames(&folder)?;
        vault.reopen()?;
    }
    finish_old(&folder)?;
    let (_, holder, slots) = vault.parts();
    let epoch = slots.epoch();
    for old in plan.epoch..epoch {
        holder.destroy(old)?;
    }
    let mut gone = true;
    for old in plan.epoch..epoch {
        gone &= holder.take(old)?.is_none();
    }
    Ok(ShredSeen { zero: slots.zeros(plan.slots)?, epoch, holder_gone: gone })
}

/// Steps 1 to 4: zero, write index and slots anew, give the holder the new key.
fn prepare(vault: &mut Vault, plan: &ShredPlan<'_>, folder: &Path) -> Result<(), Fault> {
    let (_, holder, slots) = vault.parts();
    slots.zero(plan.slots)?;
    let old_index_key = slots.key(0)?.ok_or_else(|| Fault::new("slots_damaged"))?;
    // An epoch number is never used twice: whatever an earlier attempt left is passed over and removed.
    let mut next = plan.epoch + 1;
    next = next.max(epoch_at(&folder.join("slots.next")).map_or(next, |e| e + 1));
    while holder.take(next)?.is_some() {
        next += 1;
    }
    wipe(&folder.join("slots.next"))?;
    remove_folder(&folder.join("index.next"))?;
    holder.destroy_after(plan.epoch)?;
    let epoch_key = random_key()?;
    let index_key = slots.write_next(&folder.join("slots.next"), next, &epoch_key)?;
    let new_index = folder.join("index.next");
    fs::create_dir_all(&new_index).map_err(|e| io(&e))?;
    for entry in fs::read_dir(folder.join("index")).map_err(|e| io(&e))? {
        let entry = entry.map_err(|e| io(&e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(UNFINISHED) {
            // A death while it was written: nobody names it, and it goes with the old index.
            continue;
        }
        let sealed = fs::read(entry.path()).map_err(|e| io(&e))?;
        let plain = zeroize::Zeroizing::new(open_bytes(&named(&old_index_key, &name), &sealed).ok_or_else(|| Fault::new("vault_damaged"))?);
        if let Some(kept) = (plan.rewrite)(&name, &plain)? {
            write_whole(&new_index.join(&name), &seal_bytes(&named(&index_key, &name), &kept)?)?;
        }
    }
    sync_folder(&new_index)?;
    holder.give(next, &epoch_key)?;
    Ok(())
}

/// Step 5: the new files take the names; from the first rename on there is no way back.
fn begin_renames(folder: &Path) -> Result<(), Fault> {
    fs::rename(folder.join("slots"), folder.join("slots.old")).map_err(|e| io(&e))?;
    finish_renames(folder)
}

/// Finishes renames that were cut off; does nothing where none had begun.
pub(crate) fn finish_renames(folder: &Path) -> Result<(), Fault> {
    let at = |name: &str| folder.join(name);
    if !at("slots.old").exists() {
        return Ok(());
    }
    let rename = |from: &str, to: &str| fs::rename(at(from), at(to)).map_err(|e| io(&e));
    if !at("slots").exists() && at("slots.next").exists() {
        rename("slots.next", "slots")?;
    }
    if at("index.next").exists() {
        if at("index").exists() {
            rename("index", "index.old")?;
        }
        rename("index.next", "index")?;
    }
    sync_folder(folder)
}

/// Step 6: the old files are overwritten and removed.
fn finish_old(folder: &Path) -> Result<(), Fault> {
    // The old index goes first: while the old slots stand, an unfinished rename is still known as one.
    remove_folder(&folder.join("index.old"))?;
    wipe(&folder.join("slots.old"))
}

fn remove_folder(folder: &Path) -> Result<(), Fault> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(|e| io(&e))? {
        wipe(&entry.map_err(|e| io(&e))?.path())?;
    }
    fs::remove_dir(folder).map_err(|e| io(&e))
}

#[cfg(test)]
#[path = "tests/shred.rs"]
mod tests;
