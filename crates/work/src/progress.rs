//! Progress of long tasks, told to whoever shows it.

/// Hears how a task goes.
pub trait Progress {
    /// A task begins; `total` in its own units (rows or bytes), if known. `what` is a stable word.
    fn begin(&self, what: &str, total: Option<u64>);
    /// So much more is done.
    fn add(&self, done: u64);
    /// The task has ended.
    fn end(&self);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn add(&self, _done: u64) {}
    fn end(&self) {}
}
