//! What is looked for: values of one's own, or somebody else's fingerprints; both look through bytes, texts and names alike.

use std::collections::HashSet;
use std::io::{self, Read};
use std::path::Path;

use formats::otherwise;
use remains::{BlindSearch, Needles};

/// What is searched with.
pub(crate) enum Sought {
    /// A list of one's own.
    List(Box<Needles>),
    /// Somebody else's fingerprints, and those met since this was last asked.
    Filter(Box<BlindSearch>, HashSet<u64>),
}

impl Sought {
    /// Looks through a stream to its end; gives its bytes.
    pub(super) fn look_in(&mut self, input: impl Read) -> io::Result<u64> {
        match self {
            Sought::List(needles) => needles.look_in(0, input),
            Sought::Filter(search, met) => {
                let (read, here) = search.look_in(input)?;
                met.extend(here);
                Ok(read)
            }
        }
    }

    pub(super) fn look(&mut self, bytes: &[u8]) {
        match self {
            Sought::List(needles) => needles.look(0, bytes),
            Sought::Filter(search, met) => met.extend(search.look(bytes)),
        }
    }

    /// Looks through a text, and through it as it reads otherwise written.
    pub(super) fn text(&mut self, text: &str) {
        self.look(text.as_bytes());
        otherwise(text, &mut |text| self.look(text.as_bytes()));
    }

    /// Looks through the last name of a path, in the bytes that the system has for it too.
    pub(super) fn name(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        self.look(name.as_encoded_bytes());
        self.text(&name.to_string_lossy());
    }

    /// Values, by their places in the list, or fingerprints that were met since this was last asked.
    pub(super) fn take_met(&mut self) -> HashSet<u64> {
        match self {
            Sought::List(needles) => needles.take_met().into_iter().map(u64::from).collect(),
            Sought::Filter(_, met) => std::mem::take(met),
        }
    }
}
