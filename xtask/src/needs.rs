//! What the tests need beside Rust: programs of Debian packages, installed where that is allowed, named where it is not.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// Program, and the package that has it.
const PROGRAMS: [(&str, &str); 5] =
    [("chromium", "chromium"), ("chromedriver", "chromium-driver"), ("age", "age"), ("mariadbd", "mariadb-server"), ("python3", "python3")];
/// Database servers that are no programs of everybody: where they lie, and the package that has them.
const SERVERS: (&str, &str) = ("/usr/lib/postgresql", "postgresql");
/// Debian's own cluster is not wanted: tests start their own servers.
const NO_CLUSTER: (&str, &str) = ("/etc/postgresql-common/createcluster.conf", "create_main_cluster = false\n");
/// Chinese glyphs for pages and papers that are printed.
const FONTS: (&str, &str) = ("/usr/share/fonts/truetype/wqy", "fonts-wqy-zenhei");
const TARGET: &str = "wasm32-unknown-unknown";

/// Installs what is missing.
pub fn needs() -> bool {
    let mut missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !there(program)).map(|(_, package)| *package).collect();
    if !PathBuf::from(FONTS.0).exists() {
        missing.push(FONTS.1);
    }
    if !PathBuf::from(SERVERS.0).exists() {
        missing.push(SERVERS.1);
        no_cluster();
    }
    target();
    if missing.is_empty() {
        return true;
    }
    println!("installing {}", missing.join(", "));
    let installed = there("apt-get")
        && root()
        && apt(&["update"])
        && apt(&[&["install", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold"][..], &missing].concat());
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

/// Servers are for administrators: their folder is not on everybody's path.
fn there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).any(|folder| folder.join(program).is_file())
}

/// Written before the package is installed; if it cannot be, the cluster is made and left alone.
fn no_cluster() {
    let path = PathBuf::from(NO_CLUSTER.0);
    if root() && !path.exists() {
        let _ = path.parent().map(fs::create_dir_all);
        let _ = fs::write(path, NO_CLUSTER.1);
    }
}

fn root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|s| s.lines().any(|l| l.starts_with("Uid:\t0\t")))
}

fn apt(args: &[&str]) -> bool {
    Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive").status().is_ok_and(|s| s.success())
}
