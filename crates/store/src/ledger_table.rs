//! The ledger: table `entry` (append only) and `head`, one transaction per batch, compare-and-swap on the head (EVIDENCE §5).

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use ledger::{Frontier, leaf_hash};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use terms::Fault;

/// A ledger of one workspace.
pub struct LedgerStore {
    connection: Connection,
    frontier: Frontier,
    poisoned: bool,
    /// Held while this process may write.
    lease: Option<File>,
}

/// The head after an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: [u8; 32],
}

fn fault(error: &rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::new("ledger_busy").retry(),
        // The index of the write-ahead log gets its room before anything is written.
        Some(ErrorCode::DiskFull) | Some(ErrorCode::SystemIoFailure) if is_full(error) => {
            Fault::new("disk_full").with("place", "ledger").retry()
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::new("ledger_damaged"),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Fault::new("ledger_read_only"),
        _ => Fault::new("ledger_error"),
    }
}

/// Whether room is what lacks.
fn is_full(error: &rusqlite::Error) -> bool {
    let extended = error.sqlite_error().map(|e| e.extended_code);
    error.sqlite_error_code() == Some(ErrorCode::DiskFull) || extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

impl LedgerStore {
    /// Opens the ledger in a folder, for writing if `write`; one writer at a time.
    ///
    /// # Errors
    /// If another process writes, the file is damaged, or its lines do not give its head.
    pub fn open(folder: &Path, write: bool) -> Result<LedgerStore, Fault> {
        let lease = if write { Some(take_lease(folder)?) } else { None };
        let connection = Connection::open(c_path(&folder.join("ledger.db"))).map_err(|e| fault(&e))?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(|e| fault(&e))?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, leaf BLOB NOT NULL);
                 CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 0), size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL);",
            )
            .map_err(|e| fault(&e))?;
        let mut store = LedgerStore { connection, frontier: Frontier::default(), poisoned: false, lease };
        store.check()?;
        Ok(store)
    }

    /// Recomputes every leaf and the root; damage is refused, never repaired.
    fn check(&mut self) -> Result<(), Fault> {
        let mut frontier = Frontier::default();
        self.lines(&mut |seq, bytes, leaf| {
            let hash = leaf_hash(bytes);
            if seq != frontier.size() || leaf != hash {
                return Err(Fault::new("ledger_damaged").with("entry", seq));
            }
            frontier.push(hash);
            Ok(())
        })?;
        let agrees = match self.head()? {
            None => frontier.size() == 0,
            Some((size, root, _)) => size == frontier.size() && root == frontier.root(),
        };
        if !agrees {
            return Err(Fault::new("ledger_damaged").with("entry", frontier.size()));
        }
        self.frontier = frontier;
        Ok(())
    }

    /// Calls `each` with sequence number, line and leaf of every entry in order.
    ///
    /// # Errors
    /// If reading fails or `each` does.
    pub fn lines(&self, each: &mut dyn FnMut(u64, &[u8], &[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut statement = self.connection.prepare("SELECT seq, bytes, leaf FROM entry ORDER BY seq").map_err(|e| fault(&e))?;
        let mut rows = statement.query([]).map_err(|e| fault(&e))?;
        while let Some(row) = rows.next().map_err(|e| fault(&e))? {
            let seq: i64 = row.get(0).map_err(|e| fault(&e))?;
            let bytes = row.get_ref(1).and_then(|v| Ok(v.as_blob()?)).map_err(|e| fault(&e))?;
            let leaf = row.get_ref(2).and_then(|v| Ok(v.as_blob()?)).map_err(|e| fault(&e))?;
            each(u64::try_from(seq).unwrap_or(u64::MAX), bytes, leaf)?;
        }
        Ok(())
    }

    /// Size, root and signed note of the head; none while the ledger is empty.
    ///
    /// # Errors
    /// If reading fails.
    pub fn head(&self) -> Result<Option<(u64, [u8; 32], String)>, Fault> {
        let row: Option<(i64, Vec<u8>, String)> = self
            .connection
            .query_row("SELECT size, root, note FROM head", [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            .optional()
            .map_err(|e| fault(&e))?;
        row.map(|(size, root, note)| {
            let root = <[u8; 32]>::try_from(root.as_slice()).map_err(|_| Fault::new("ledger_damaged").with("entry", 0))?;
            Ok((u64::try_from(size).unwrap_or_default(), root, note))
        })
        .transpose()
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Root over all leaves so far.
    pub fn root(&self) -> [u8; 32] {
        self.frontier.root()
    }

    /// Appends lines in one transaction: `sign` gets size and root of the new head and gives its note.
    ///
    /// The batch is read back and its leaves recomputed before the head is signed; the append is acknowledged after commit.
    ///
    /// # Errors
    /// If this process is not the writer, somebody else moved the head, or anything cannot be made durable.
    pub fn append(&mut self, lines: &[Vec<u8>], sign: &mut dyn FnMut(u64, [u8; 32]) -> String) -> Result<Appended, Fault> {
        if self.lease.is_none() {
            return Err(Fault::new("ledger_read_only"));
        }
        if self.poisoned {
            return Err(Fault::new("ledger_poisoned"));
        }
        match self.try_append(lines, sign) {
            Ok((frontier, appended)) => {
                self.frontier = frontier;
                Ok(appended)
            }
            Err(e) => {
                // After a failed write nothing is known of the file: it is opened and checked anew.
                self.poisoned = true;
                Err(e)
            }
        }
    }

    fn try_append(&mut self, lines: &[Vec<u8>], sign: &mut dyn FnMut(u64, [u8; 32]) -> String) -> Result<(Frontier, Appended), Fault> {
        let before = (self.frontier.size(), self.frontier.root());
        let mut frontier = self.frontier.clone();
        let map = |e: rusqlite::Error| fault(&e);
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(map)?;
        let have: Option<(i64, Vec<u8>)> =
            tx.query_row("SELECT size, root FROM head", [], |r| Ok((r.get(0)?, r.get(1)?))).optional().map_err(map)?;
        let same = match have {
            None => before.0 == 0,
            Some((size, root)) => u64::try_from(size) == Ok(before.0) && root == before.1,
        };
        if !same {
            return Err(Fault::new("ledger_moved").retry());
        }
        {
            let mut insert = tx.prepare_cached("INSERT INTO entry (seq, bytes, leaf) VALUES (?1, ?2, ?3)").map_err(map)?;
            let mut read = tx.prepare_cached("SELECT bytes FROM entry WHERE seq = ?1").map_err(map)?;
            for line in lines {
                let seq = i64::try_from(frontier.size()).map_err(|_| Fault::new("ledger_error"))?;
                insert.execute(params![seq, line, leaf_hash(line)]).map_err(map)?;
                let back: Vec<u8> = read.query_row([seq], |r| r.get(0)).map_err(map)?;
                frontier.push(leaf_hash(&back));
            }
        }
        let appended = Appended { size: frontier.size(), root: frontier.root() };
        let note = sign(appended.size, appended.root);
        let size = i64::try_from(appended.size).map_err(|_| Fault::new("ledger_error"))?;
        tx.execute(
            "INSERT INTO head (one, size, root, note) VALUES (0, ?1, ?2, ?3)
             ON CONFLICT (one) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note",
            params![size, appended.root, note],
        )
        .map_err(map)?;
        tx.commit().map_err(map)?;
        Ok((frontier, appended))
    }
}

fn take_lease(folder: &Path) -> Result<File, Fault> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("ledger.lock"))
        .map_err(|_| Fault::new("ledger_read_only"))?;
    file.try_lock().map_err(|_| Fault::new("ledger_busy").retry())?;
    Ok(file)
}

/// A path as SQLite's own file layer takes it.
pub(crate) fn c_path(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |p| terms::verbatim(&p))
}
