//! The offline pages in a browser: size, load, the demo's dossier, 100,000 entries in WebAssembly beside the program.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../../crates/cli/tests/common/browser.rs"]
mod browser;

use std::process::Command;
use std::time::Instant;

use benches::long::long_dossier;
use benches::{binary, figure};
use browser::Browser;
use custody_verify::{Trust, verify};

const ENTRIES: usize = 100_000;

/// Seconds from the click to the verdict.
fn checked(browser: &Browser, page: &std::path::Path, dossier: &std::path::Path) -> f64 {
    browser.open(page);
    browser.give("#dossier", dossier);
    let began = Instant::now();
    browser.click("#check");
    browser.wait_for("return document.getElementById('report').textContent");
    began.elapsed().as_secs_f64()
}

fn main() {
    println!("pages: verify.html in Chromium from a local file");
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    assert!(Command::new(binary()).args(["demo", "--json", "--into"]).arg(&demo).output().unwrap().status.success());
    let page = demo.join("verify.html");
    for name in ["verify.html", "approve.html", "packages/receive.html"] {
        figure(name, std::fs::metadata(demo.join(name)).unwrap().len() as f64 / 1e6, "MB", "bar 3 MB");
    }
    let browser = Browser::start();
    browser.open(&page);
    let load = browser.run("const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd").as_f64().unwrap_or_default();
    figure("load of verify.html", load / 1e3, "s", "");
    figure("verdict on the demo's dossier", checked(&browser, &page, &demo.join("case.dossier.zip")), "s", "bar 3 s");
    let long = folder.path().join("long.zip");
    long_dossier(&long, ENTRIES);
    let began = Instant::now();
    assert!(!verify(&long, &Trust::default()).unwrap().is_broken());
    let native = began.elapsed().as_secs_f64();
    let wasm = checked(&browser, &page, &long);
    figure("100,000 entries, program", native, "s", "");
    figure("100,000 entries, WebAssembly", wasm, "s", "");
    figure("WebAssembly against the program", wasm / native, "x", "");
}
