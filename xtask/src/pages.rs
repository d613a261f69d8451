//! `cargo xtask pages`: the module of the offline pages, built so that the same compiler gives the same bytes on every machine.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;

const TARGET: &str = "wasm32-unknown-unknown";
const WEB: &str = "crates/papers/web";

/// Builds the module; with `check` compares it with the committed one, if the compiler is the same.
pub fn pages(check: bool) -> bool {
    let Some(rustc) = compiler() else { return false };
    let committed = fs::read_to_string(format!("{WEB}/module.json")).unwrap_or_default();
    if check && !committed.contains(&rustc) {
        println!("the module was built by another compiler than {rustc}: nothing to compare");
        return true;
    }
    if check && !target_is_there() {
        println!("the target {TARGET} is not installed (rustup target add {TARGET}): the module is not compared");
        return true;
    }
    let Some(module) = build() else { return false };
    let file = format!("{WEB}/module.wasm");
    if check {
        let same = fs::read(&file).is_ok_and(|old| old == module);
        println!("module.wasm: {}", if same { "the same bytes" } else { "OTHER BYTES than committed; run cargo xtask pages" });
        return same;
    }
    let json = format!("{{\"bytes\":{},\"rustc\":\"{rustc}\",\"sha256\":\"{}\"}}\n", module.len(), sha256(&file, &module));
    fs::write(&file, module).is_ok() && fs::write(format!("{WEB}/module.json"), json).is_ok()
}

fn compiler() -> Option<String> {
    let out = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8(out.stdout).ok()?.trim().to_owned())
}

fn target_is_there() -> bool {
    let out = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    out.is_ok_and(|o| Path::new(String::from_utf8_lossy(&o.stdout).trim()).exists())
}

/// Paths of this machine are taken out of the module: they would make other bytes elsewhere.
fn build() -> Option<Vec<u8>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))?;
    let mut flags = vec!["--cfg".to_owned(), "getrandom_backend=\"custom\"".to_owned()];
    for registry in fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten() {
        flags.push(format!("--remap-path-prefix={}=/deps", registry.path().display()));
    }
    flags.push(format!("--remap-path-prefix={}=/custody", env::current_dir().ok()?.display()));
    let encoded = OsString::from(flags.join("\u{1f}"));
    let set = |name: &'static str, value: &str| (name, OsString::from(value));
    let vars = [
        ("CARGO_ENCODED_RUSTFLAGS", encoded),
        set("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2"),
        set("CARGO_PROFILE_RELEASE_LTO", "fat"),
        set("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
        set("CARGO_PROFILE_RELEASE_PANIC", "abort"),
        set("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
        set("CARGO_TARGET_DIR", "target/pages"),
    ];
    let built = cargo(&["rustc", "--release", "--locked", "--package", "pages", "--target", TARGET, "--crate-type", "cdylib"], &vars);
    if !built {
        return None;
    }
    fs::read(format!("target/pages/{TARGET}/release/pages.wasm")).ok()
}

/// The digest by the system's own tool: this crate has no dependencies.
fn sha256(near: &str, bytes: &[u8]) -> String {
    let part = format!("{near}.part");
    let digest = fs::write(&part, bytes).ok().and_then(|()| Command::new("sha256sum").arg(&part).output().ok());
    let _ = fs::remove_file(&part);
    digest.and_then(|o| String::from_utf8_lossy(&o.stdout).split_whitespace().next().map(str::to_owned)).unwrap_or_default()
}
