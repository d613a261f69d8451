//! Progress bars on standard error, hidden when nobody looks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use terms::{Both, Lang};
use work::Progress;

/// Shows one bar at a time.
pub struct Bar {
    lang: Lang,
    words: BTreeMap<String, Both>,
    bar: RefCell<Option<ProgressBar>>,
}

impl Bar {
    /// Bars in a language.
    pub fn new(lang: Lang) -> Bar {
        let words = serde_json::from_value(crate::say::yaml(include_str!("../texts/steps.yaml"))).unwrap_or_default();
        Bar { lang, words, bar: RefCell::new(None) }
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, total: Option<u64>) {
        let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(total, target);
        let form = if total.is_some() { "{msg} [{wide_bar}] {pos}/{len} {eta}" } else { "{spinner} {msg} {pos}" };
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(self.words.get(what).map_or(what.to_owned(), |b| b.get(self.lang).to_owned()));
        *self.bar.borrow_mut() = Some(bar);
    }

    fn add(&self, done: u64) {
        if let Some(bar) = &*self.bar.borrow() {
            bar.inc(done);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}
