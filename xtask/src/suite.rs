//! All tests, two programs at a time: most of them wait for servers and disks half of the time.

use std::collections::VecDeque;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;

/// Test programs that run side by side.
const TOGETHER: usize = 2;
/// Those that take longest begin first, so that none of them ends alone.
const LONGEST: [&str; 5] = ["schemas", "death", "controls", "replicas", "traps"];

/// A program of tests.
struct Program {
    name: String,
    path: PathBuf,
    /// The folder of its package, in which it runs.
    folder: PathBuf,
}

/// Runs all test programs, built if they are not yet, then the documentation tests. Whether all of them passed.
pub fn suite() -> bool {
    let Some(programs) = programs() else { return false };
    let queue = Mutex::new(VecDeque::from(programs));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let worker = || {
        let mut failed = Vec::new();
        while let Some(program) = next() {
            failed.extend(program.fails().then_some(program.name));
        }
        failed
    };
    let failed: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..TOGETHER).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|w| w.join().unwrap_or_else(|_| vec!["a worker".to_owned()])).collect()
    });
    let documented = crate::linted(&["test", "--release", "--workspace", "--doc", "--no-fail-fast"]);
    if !failed.is_empty() {
        eprintln!("failed: {}", failed.join(", "));
    }
    failed.is_empty() && documented
}

/// Every test program of the workspace, as the lints built it, the longest first.
fn programs() -> Option<Vec<Program>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["test", "--release", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"];
    let out = Command::new(cargo).args(args).envs(crate::linting()?).stderr(Stdio::inherit()).output().ok()?;
    let messages = out.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut found: Vec<Program> = messages.filter_map(|m| Program::of(&m)).collect();
    found.sort_by_key(|p| LONGEST.iter().position(|l| *l == p.name).unwrap_or(LONGEST.len()));
    (out.status.success() && !found.is_empty()).then_some(found)
}

impl Program {
    /// The test program that a message of cargo tells of.
    fn of(message: &Value) -> Option<Program> {
        let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
        message.pointer("/profile/test").and_then(Value::as_bool).filter(|is_test| *is_test)?;
        Some(Program {
            name: text("/target/name")?.to_owned(),
            path: text("/executable")?.into(),
            folder: Path::new(text("/manifest_path")?).parent()?.to_owned(),
        })
    }

    /// Runs it and prints what it said, whole; whether a test failed.
    fn fails(&self) -> bool {
        let began = Instant::now();
        let run = Command::new(&self.path).current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder).stdin(Stdio::null()).output();
        let Ok(out) = run else {
            eprintln!("-- {}: cannot be started", self.name);
            return true;
        };
        let (said, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        println!("-- {} ({:.0} s){said}{errors}", self.name, began.elapsed().as_secs_f64());
        !out.status.success()
    }
}
