//! Something small done again and again at a steady pace beside something large, and how long each time took.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A thread that does it until it is told to stop.
pub struct Pace {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Pace {
    /// Begins; `act` gets the number of the time, from 0. What comes late because the time before took long begins at once.
    pub fn begin(every: Duration, mut act: impl FnMut(u64) + Send + 'static) -> Pace {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut all = Vec::new();
            let mut due = Instant::now();
            while !told.load(Ordering::Relaxed) {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let began = Instant::now();
                act(all.len() as u64);
                all.push(began.elapsed());
                due = (due + every).max(Instant::now());
            }
            all
        });
        Pace { stop, thread }
    }

    /// Ends it.
    pub fn end(self) -> Waits {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = self.thread.join().unwrap();
        all.sort_unstable();
        Waits(all)
    }
}

/// How long each time took, from sending to answer, the shortest first.
pub struct Waits(Vec<Duration>);

impl Waits {
    /// Of nothing done yet.
    pub const fn none() -> Waits {
        Waits(Vec::new())
    }

    /// Those of another time as well.
    pub fn add(&mut self, more: Waits) {
        self.0.extend(more.0);
        self.0.sort_unstable();
    }

    /// How often it was done.
    pub fn times(&self) -> usize {
        self.0.len()
    }

    /// Milliseconds within which so many of a thousand were done.
    pub fn within(&self, of_thousand: usize) -> f64 {
        let at = (self.0.len() * of_thousand).div_ceil(1_000).saturating_sub(1);
        self.0.get(at).map_or(f64::NAN, |d| d.as_secs_f64() * 1e3)
    }
}
