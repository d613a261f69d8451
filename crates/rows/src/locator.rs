//! Where a row lies: itself personal data (keys are often phone numbers).

/// A row's place in its store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Locator {
    /// SQLite row id.
    RowId(i64),
    /// The key of a row without row id, as `rows/v1` bytes of the key columns.
    Key(Vec<u8>),
    /// Ordinal of the record and its byte range in a file.
    Bytes {
        /// Ordinal from 0.
        record: u64,
        /// First byte.
        from: u64,
        /// First byte after it.
        to: u64,
    },
    /// Row of a sheet, from 0.
    SheetRow(u32),
    /// Where a row without key lies in PostgreSQL: table, block and item (`ctid`). It moves when the row is changed or the table rewritten.
    Tid {
        /// The table's id: a partition has its own.
        table: u32,
        /// Block from 0.
        block: u32,
        /// Item from 1.
        item: u16,
    },
}

impl Locator {
    /// Its bytes: a kind byte and big-endian numbers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(25);
        self.write(&mut out);
        out
    }

    /// Appends its bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Locator::RowId(id) => {
                out.push(1);
                out.extend_from_slice(&id.to_be_bytes());
            }
            Locator::Key(key) => {
                out.push(2);
                out.extend_from_slice(key);
            }
            Locator::Bytes { record, from, to } => {
                out.push(3);
                for n in [record, from, to] {
                    out.extend_from_slice(&n.to_be_bytes());
                }
            }
            Locator::SheetRow(row) => {
                out.push(4);
                out.extend_from_slice(&row.to_be_bytes());
            }
            Locator::Tid { table, block, item } => {
                out.push(5);
                out.extend_from_slice(&table.to_be_bytes());
                out.extend_from_slice(&block.to_be_bytes());
                out.extend_from_slice(&item.to_be_bytes());
            }
        }
    }

    /// The locator of its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Locator> {
        let (kind, rest) = bytes.split_first()?;
        Some(match kind {
            1 => Locator::RowId(i64::from_be_bytes(rest.try_into().ok()?)),
            2 => Locator::Key(rest.to_vec()),
            3 => {
                let mut numbers = rest.chunks_exact(8).map(|c| c.try_into().map_or(0, u64::from_be_bytes));
                Locator::Bytes { record: numbers.next()?, from: numbers.next()?, to: numbers.next()? }
            }
            4 => Locator::SheetRow(u32::from_be_bytes(rest.try_into().ok()?)),
            5 => {
                let (table, rest) = rest.split_first_chunk::<4>()?;
                let (block, item) = rest.split_first_chunk::<4>()?;
                let item = u16::from_be_bytes(item.try_into().ok()?);
                Locator::Tid { table: u32::from_be_bytes(*table), block: u32::from_be_bytes(*block), item }
            }
            _ => return None,
        })
    }
}
