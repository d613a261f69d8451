//! Frequencies of symbols: counted once, shared by all units of a block, and read back with it.

use std::collections::HashMap;

use crate::range::{Decoder, Encoder};
use crate::varint::unvarint;

/// Sum of the frequencies of a table.
const TOTAL: u32 = 1 << 15;

/// Frequencies of symbols.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// Symbol, start, frequency; by symbol.
    pub symbols: Vec<(u32, u32, u32)>,
    total: u32,
}

impl Table {
    pub(crate) fn of(counts: &HashMap<u32, u32>) -> Table {
        let sum: u64 = counts.values().map(|n| u64::from(*n)).sum();
        let mut all: Vec<(u32, u32)> = counts.iter().map(|(s, n)| (*s, *n)).collect();
        all.sort_unstable();
        let scaled = |n: u32| u32::try_from(u64::from(n) * u64::from(TOTAL) / sum.max(1)).unwrap_or(TOTAL).max(1);
        Table::new(all.into_iter().map(|(s, n)| (s, scaled(n))))
    }

    pub(crate) fn new(all: impl Iterator<Item = (u32, u32)>) -> Table {
        let mut out = Table::default();
        for (symbol, freq) in all {
            out.symbols.push((symbol, out.total, freq));
            out.total += freq;
        }
        out
    }

    pub(crate) fn put(&self, symbol: u32, out: &mut Encoder) {
        if let Some((_, start, freq)) = self.symbols.binary_search_by_key(&symbol, |s| s.0).ok().and_then(|i| self.symbols.get(i)) {
            out.put(*start, *freq, self.total);
        }
    }

    pub(crate) fn take(&self, input: &mut Decoder<'_>) -> Option<u32> {
        let at = input.at(self.total.max(1))?;
        let i = self.symbols.partition_point(|(_, start, _)| *start <= at).checked_sub(1)?;
        let (symbol, start, freq) = self.symbols.get(i)?;
        input.take(*start, *freq, self.total);
        Some(*symbol)
    }
}

/// A table as it stands in a block's head; none if it is not one.
pub(crate) fn untable(input: &mut &[u8]) -> Option<Table> {
    let mut all = Vec::new();
    let (mut last, mut total) = (0u32, 0u64);
    for _ in 0..unvarint(input)? {
        let symbol = last.checked_add(u32::try_from(unvarint(input)?).ok()?)?;
        let freq = u32::try_from(unvarint(input)?).ok().filter(|f| *f > 0)?;
        total += u64::from(freq);
        all.push((symbol, freq));
        last = symbol;
    }
    // A range of 2^24 at least is divided by it.
    (total < 1 << 20).then(|| Table::new(all.into_iter()))
}
