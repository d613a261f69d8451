//! A range coder: symbols cost what their frequency is worth, not whole bytes (G. N. N. Martin, 1979; carries as in LZMA).

const TOP: u32 = 1 << 24;

/// Writes symbols.
pub(crate) struct Encoder {
    low: u64,
    range: u32,
    cache: u8,
    pending: u64,
    out: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Encoder {
        Encoder { low: 0, range: u32::MAX, cache: 0, pending: 1, out: Vec::new() }
    }

    /// The symbol that takes `freq` of `total` from `start` on; `total` is at most 2^16.
    pub(crate) fn put(&mut self, start: u32, freq: u32, total: u32) {
        let unit = self.range / total;
        self.low += u64::from(start) * u64::from(unit);
        self.range = unit * freq;
        while self.range < TOP {
            self.range <<= 8;
            self.shift();
        }
    }

    fn shift(&mut self) {
        if self.low < 0xff00_0000 || self.low > 0xffff_ffff {
            let carry = u8::from(self.low > 0xffff_ffff);
            let mut byte = self.cache;
            while self.pending > 0 {
                self.out.push(byte.wrapping_add(carry));
                byte = 0xff;
                self.pending -= 1;
            }
            self.cache = (self.low >> 24) as u8;
        }
        self.pending += 1;
        self.low = (self.low & 0x00ff_ffff) << 8;
    }

    /// The bytes, as few as tell the last range; what is missing at their end reads as zeros.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let end = self.low + u64::from(self.range);
        for bits in [24u32, 16, 8, 0] {
            let unit = 1u64 << bits;
            let rounded = self.low.div_ceil(unit) * unit;
            if rounded < end {
                self.low = rounded;
                break;
            }
        }
        for _ in 0..5 {
            self.shift();
        }
        while self.out.last() == Some(&0) {
            self.out.pop();
        }
        // The first byte is the empty cache.
        if !self.out.is_empty() {
            self.out.remove(0);
        }
        self.out
    }
}

/// Reads symbols.
pub(crate) struct Decoder<'a> {
    code: u32,
    range: u32,
    input: &'a [u8],
    /// Zeros read beyond the end: more than a few means that the bytes were cut.
    beyond: u32,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Decoder<'a> {
        let mut out = Decoder { code: 0, range: u32::MAX, input, beyond: 0 };
        for _ in 0..4 {
            out.code = (out.code << 8) | u32::from(out.next());
        }
        out
    }

    fn next(&mut self) -> u8 {
        match self.input.split_first() {
            Some((byte, rest)) => {
                self.input = rest;
                *byte
            }
            None => {
                self.beyond += 1;
                0
            }
        }
    }

    /// Where in `total` the next symbol lies; none beyond the end.
    pub(crate) fn at(&self, total: u32) -> Option<u32> {
        let at = self.code / (self.range / total);
        (at < total && self.beyond < 16).then_some(at)
    }

    /// Takes the symbol that lies there.
    pub(crate) fn take(&mut self, start: u32, freq: u32, total: u32) {
        let unit = self.range / total;
        self.code = self.code.wrapping_sub(start.wrapping_mul(unit));
        self.range = unit * freq;
        while self.range < TOP {
            self.code = (self.code << 8) | u32::from(self.next());
            self.range <<= 8;
        }
    }

    /// Whether all bytes were read.
    pub(crate) fn ended(&self) -> bool {
        self.input.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn symbols_come_back(symbols in prop::collection::vec((0u32..1_000, 1u32..60_000), 0..400)) {
            let symbols: Vec<(u32, u32)> = symbols.into_iter().map(|(s, total)| (s % total, total)).collect();
            let mut encoder = Encoder::new();
            symbols.iter().for_each(|(s, total)| encoder.put(*s, 1, *total));
            let bytes = encoder.finish();
            let mut decoder = Decoder::new(&bytes);
            for (s, total) in symbols {
                prop_assert_eq!(decoder.at(total), Some(s));
                decoder.take(s, 1, total);
            }
            prop_assert!(decoder.ended());
        }
    }
}
