//! An offline page: skeleton, style, words, script and module put together into one file that loads nothing from anywhere.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ledger::{b64, sha256};
use serde_json::Value;

const SKELETON: &str = include_str!("../web/skeleton.html");
const STYLE: &str = include_str!("../web/style.css");
const SHARED: &str = include_str!("../web/page.js");
/// For pages in which somebody signs: a key of their own, made there. Its form stands at a slot of the page's body.
const KEYMAKER: (&str, &str) = (include_str!("../web/keymaker.html"), include_str!("../web/keymaker.js"));
const KEYMAKER_SLOT: &str = "<!--keymaker-->";
/// The module, as `cargo xtask pages` builds it.
const MODULE: &[u8] = include_bytes!("../web/module.wasm");
/// Digest of the module and the compiler that made it.
const BUILT: &str = include_str!("../web/module.json");

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `verify.html`: reads a dossier claim by claim.
    Verify,
    /// `approve.html`: shows a consequence and signs over it.
    Approve,
    /// `receive.html`: opens a package, counts it, signs for it.
    Receive,
}

impl Kind {
    fn parts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Kind::Verify => ("核验案卷 · Verify a dossier", include_str!("../web/verify.html"), include_str!("../web/verify.js")),
            Kind::Approve => ("审批 · Approve", include_str!("../web/approve.html"), include_str!("../web/approve.js")),
            Kind::Receive => ("接收 · Receive", include_str!("../web/receive.html"), include_str!("../web/receive.js")),
        }
    }
}

/// What stands in `module.json`: digest, length and compiler of the module.
pub fn module_built() -> &'static str {
    BUILT
}

/// The page as one HTML file. Its policy lets nothing run but its own script and module, and nothing be loaded.
pub fn page(kind: Kind, data: &Value) -> String {
    let (title, body, own) = kind.parts();
    let (form, maker) = if body.contains(KEYMAKER_SLOT) { KEYMAKER } else { ("", "") };
    let script = format!("{SHARED}\n{maker}\n{own}");
    let body = body.replace(KEYMAKER_SLOT, form);
    let hash = |text: &str| b64::std(&sha256(&[text.as_bytes()]));
    let csp = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}' 'wasm-unsafe-eval'; style-src 'sha256-{}'; \
         img-src data: blob:; base-uri 'none'; form-action 'none'\">",
        hash(&script),
        hash(STYLE)
    );
    // Whatever a name holds, it ends neither the element nor the script.
    let data = data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    let module = b64::std(&packed());
    let of = |slot: &str| match slot {
        "csp" => csp.as_str(),
        "title" => title,
        "style" => STYLE,
        "body" => body.as_str(),
        "module" => module.as_str(),
        "data" => data.as_str(),
        "script" => script.as_str(),
        _ => "",
    };
    let mut out = String::with_capacity(module.len() + data.len() + (1 << 16));
    let mut rest = SKELETON;
    // Left to right, once: what is put in is never looked at for slots.
    while let Some((before, (slot, after))) = rest.split_once("{{").and_then(|(b, r)| Some((b, r.split_once("}}")?))) {
        out.push_str(before);
        out.push_str(of(slot));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The module, compressed as pages carry it.
fn packed() -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory cannot fail; an empty module would say so in the page.
    let _ = out.write_all(MODULE);
    out.finish().unwrap_or_default()
}
