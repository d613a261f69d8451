//! What the tests need beside Rust: programs of Debian packages, installed where that is allowed, named where it is not.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// Program, and the package that has it.
const PROGRAMS: [(&str, &str); 3] = [("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("age", "age")];
/// Chinese glyphs for pages and papers that are printed.
const FONTS: (&str, &str) = ("/usr/share/fonts/truetype/wqy", "fonts-wqy-zenhei");
const TARGET: &str = "wasm32-unknown-unknown";

/// Installs what is missing.
pub fn needs() -> bool {
    let mut missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !there(program)).map(|(_, package)| *package).collect();
    if !PathBuf::from(FONTS.0).exists() {
        missing.push(FONTS.1);
    }
    target();
    if missing.is_empty() {
        return true;
    }
    println!("installing {}", missing.join(", "));
    let installed =
        there("apt-get") && root() && apt(&["update"]) && apt(&[&["install", "-y", "--no-install-recommends"][..], &missing].concat());
    if !installed {
        eprintln!("the tests need these Debian packages: apt-get install {}", missing.join(" "));
    }
    installed
}

/// The module of the pages is compared only where its target is there; the tests do without it.
fn target() {
    let listed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    let has = listed.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).lines().any(|l| l == TARGET));
    if !has {
        let _ = Command::new("rustup").args(["target", "add", TARGET]).status();
    }
}

fn there(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|s| s.lines().any(|l| l.starts_with("Uid:\t0\t")))
}

fn apt(args: &[&str]) -> bool {
    Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive").status().is_ok_and(|s| s.success())
}
