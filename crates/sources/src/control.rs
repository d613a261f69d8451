//! The negative control: steps and encodings left out on purpose, to show that what they do matters and that their absence is noticed.

/// What is left out.
#[derive(Clone, Debug, Default)]
pub struct LeaveOut(Vec<String>);

impl LeaveOut {
    /// Words with commas between them, e.g. `rewrite,log` (docs/why/residue.md lists them).
    pub fn of(words: &str) -> LeaveOut {
        LeaveOut(words.split(',').map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect())
    }

    /// Whether this step or encoding is left out.
    pub fn has(&self, word: &str) -> bool {
        self.0.iter().any(|w| w == word)
    }
}
