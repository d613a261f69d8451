//! The offline pages in a browser, from local files: hostile names do nothing, lies are refused with words, and whatever is fed in gets an answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/company.rs"]
mod company;

use browser::Browser;
use common::{Case, day, head};
use serde_json::{Value, json};

const HOSTILE: &str = "<script>document.title='owned'</script>\"'><img src=x onerror=\"document.title='owned'\">";

/// A company and a table with names that would like to run.
fn hostile() -> Case {
    let case = Case::new();
    let db = rusqlite::Connection::open(case.folder.join("shop.db")).unwrap();
    db.execute_batch("CREATE TABLE \"<script>alert(1)</script>\" (id INTEGER PRIMARY KEY, mobile TEXT)").unwrap();
    db.execute("INSERT INTO \"<script>alert(1)</script>\" VALUES (1, '13800000001')", []).unwrap();
    let company = serde_json::to_string(HOSTILE).unwrap();
    let head = head(&day(-10), &day(100)).replace("name: Shop", &format!("name: {company}"));
    case.write(
        "case.yaml",
        head + "sources: [{id: shop, kind: sqlite, path: shop.db}]
datasets:
  - {at: \"shop/<script>alert(1)</script>\", name: \"<img src=x onerror=alert(1)>\", class: member_profile, groups: {contact: [mobile]}, tells: {region: \"=cn\"}}
approval: {kinds: [key, paper]}
safety_days: 0
",
    );
    case.prepared();
    case
}

fn text(browser: &Browser, script: &str) -> String {
    browser.run(script).as_str().unwrap_or_default().to_owned()
}

#[test]
fn hostile_names_are_shown_and_do_nothing() {
    let case = hostile();
    let made = case.json(&["dossier", "-o", "now.zip"]);
    case.ok(&["papers", "all"]);
    let browser = Browser::start();
    browser.open(&case.folder.join("approve.html"));
    let body = text(&browser, "return document.body.innerText");
    assert!(body.contains("<script>document.title='owned'</script>") && body.contains("<img src=x onerror=alert(1)>"), "{body}");
    assert!(!text(&browser, "return document.title").contains("owned"));
    assert_eq!(browser.run("return document.images.length"), json!(0));
    browser.open(&case.folder.join("verify.html"));
    browser.give("#dossier", &case.folder.join("now.zip"));
    browser.type_in("#policy", made["policy_digest"].as_str().unwrap());
    browser.click("#check");
    browser.wait_for("return document.getElementById('report').textContent");
    for paper in
        std::fs::read_dir(case.folder.join("papers")).unwrap().map(|e| e.unwrap().path()).chain([case.folder.join("approval-sheet-1.html")])
    {
        browser.open(&paper);
        assert!(
            !text(&browser, "return document.title").contains("owned'") || text(&browser, "return document.title").contains("<script>"),
            "{paper:?}"
        );
        assert_eq!(browser.run("return document.scripts.length + document.images.length"), json!(0), "{paper:?}");
    }
    assert_eq!(browser.log(), json!([]), "a page asked for something that it does not carry");
}

#[test]
fn a_key_made_in_the_page_counts_once_it_is_registered() {
    let case = hostile();
    case.ok(&["plan"]);
    let browser = Browser::start();
    browser.open(&case.folder.join("approve.html"));
    browser.click("#newkey");
    browser.type_in("#newpass", common::PASSPHRASE);
    browser.type_in("#newpass2", common::PASSPHRASE);
    browser.click("#makekey");
    browser.wait_for("return document.getElementById('made').hidden ? '' : 'made'");
    browser.click("#save-key");
    browser.click("#save-pub");
    let (key, public) = (browser.saved(".key"), browser.saved(".pub"));
    browser.give("#keyfile", &key);
    let sign = |passphrase: &str| {
        browser.run("document.getElementById('passphrase').value = ''");
        browser.type_in("#passphrase", passphrase);
        browser.click("#sign");
    };
    browser.type_in("#reason", "seen");
    browser.click("#approve");
    browser.click("#read");
    sign("a wrong one");
    let said = browser.wait_for("const e = document.getElementById('errors'); return e.hidden ? '' : e.innerText");
    assert!(said.contains("wrong_passphrase"), "{said}");
    sign(common::PASSPHRASE);
    browser.wait_for("return document.getElementById('result').value");
    let file = browser.saved(".approval.json");
    let file = file.to_str().unwrap();
    assert_eq!(case.fault(&["record", "approval", file]), "key_not_registered");
    case.ok(&[
        "record",
        "key",
        public.to_str().unwrap(),
        "--name",
        "A third approver",
        "--countersign",
        "keys/liquidator.key",
        "--present",
    ]);
    case.ok(&["record", "approval", file]);
    assert_eq!(case.json(&["status"])["approvals"], 1);
    // A later plan: the signature was over the earlier one.
    case.write("n.txt", "x");
    case.ok(&["plan"]);
    assert_eq!(case.fault(&["record", "approval", file]), "rule_broken");
    let whole = std::fs::read_to_string(file).unwrap();
    case.write("cut.approval.json", &whole[..whole.len() / 2]);
    assert_eq!(case.fault(&["record", "approval", "cut.approval.json"]), "approval_file_damaged");
}

#[test]
fn a_refusal_is_recorded_and_counts_as_no_approval() {
    let case = hostile();
    case.ok(&["plan"]);
    let browser = Browser::start();
    browser.open(&case.folder.join("approve.html"));
    browser.give("#keyfile", &case.folder.join("keys/liquidator.key"));
    browser.type_in("#passphrase", common::PASSPHRASE);
    browser.type_in("#reason", "the list is not complete");
    browser.click("#refuse");
    browser.click("#sign");
    browser.wait_for("return document.getElementById('result').value");
    case.ok(&["record", "approval", browser.saved(".approval.json").to_str().unwrap()]);
    assert_eq!(case.json(&["status"])["approvals"], 0);
    assert_eq!(case.fault(&["apply"]), "not_approved");
}

#[test]
fn whatever_is_dropped_on_the_page_gets_an_answer() {
    let case = hostile();
    case.ok(&["dossier", "-o", "now.zip"]);
    let whole = std::fs::read(case.folder.join("now.zip")).unwrap();
    // A member that says it holds four gigabytes, a hundred megabytes of nothing, a usual zip, a cut dossier, an empty file.
    let mut bomb = whole.clone();
    bomb[18..26].copy_from_slice(&[0xff; 8]);
    case.write("bomb.zip", &bomb);
    case.write("zeros.zip", vec![0u8; 100 << 20]);
    case.write("cut.zip", &whole[..whole.len() - 500]);
    case.write("empty.zip", b"");
    case.write("text.zip", "not a dossier at all");
    let mut usual = zip::ZipWriter::new(std::fs::File::create(case.folder.join("usual.zip")).unwrap());
    usual.start_file("manifest.json", zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)).unwrap();
    std::io::Write::write_all(&mut usual, b"{}").unwrap();
    usual.finish().unwrap();
    let browser = Browser::start();
    for name in ["bomb", "zeros", "cut", "empty", "text", "usual"] {
        browser.open(&case.folder.join("verify.html"));
        browser.give("#dossier", &case.folder.join(format!("{name}.zip")));
        browser.click("#check");
        let shown = browser.wait_for(
            "const e = document.getElementById('errors'); return document.getElementById('report').textContent || (e.hidden ? '' : 'error ' + e.innerText)",
        );
        let broken = serde_json::from_str::<Value>(&shown).is_ok_and(|r| r["result"] == 1);
        assert!(broken || shown.starts_with("error"), "{name}: {shown}");
    }
}

#[test]
fn each_page_stays_under_three_megabytes_and_names_its_module() {
    let case = hostile();
    case.ok(&["papers", "verify", "receive", "--to", "pages"]);
    for page in ["pages/verify.html", "pages/receive.html", "approve.html"] {
        let length = std::fs::metadata(case.folder.join(page)).unwrap().len();
        assert!(length < 3_000_000, "{page}: {length}");
    }
    let built: Value = serde_json::from_str(papers::module_built()).unwrap();
    let module = std::fs::read(common::root().join("crates/papers/web/module.wasm")).unwrap();
    assert_eq!(built["sha256"], terms::Digest(ledger::sha256(&[&module])).to_string(), "module.json is of another module");
    assert!(built["rustc"].as_str().unwrap().starts_with("rustc "));
}

#[test]
fn papers_print_on_a4_with_no_slot_blank() {
    let case = company::company();
    company::planned(&case);
    let written = case.json(&["papers", "all"]);
    let written: Vec<String> = written["written"].as_array().unwrap().iter().map(|p| p.as_str().unwrap().to_owned()).collect();
    assert!(written.len() >= 8, "{written:?}");
    let browser = Browser::start();
    for paper in &written {
        browser.open(&case.folder.join(paper));
        let pdf = browser.pdf();
        let pages = String::from_utf8_lossy(&pdf)
            .matches("/Type /Page\n")
            .count()
            .max(String::from_utf8_lossy(&pdf).matches("/Type/Page/").count());
        assert!(pdf.starts_with(b"%PDF") && pdf.len() > 1_000, "{paper}");
        assert!(!paper.contains("summary") || pages <= 1, "{paper}: {pages} pages");
        let body = text(&browser, "return document.body.textContent");
        for blank in ["{{", "undefined", "None"] {
            let at = body.find(blank).map(|i| body.get(i.saturating_sub(60)..i + 40).unwrap_or(blank).to_owned());
            assert_eq!(at, None, "{paper}");
        }
        if std::env::var_os("CUSTODY_KEEP_PAPERS").is_some() {
            std::fs::write(std::env::temp_dir().join(format!("{}.pdf", paper.replace('/', "-"))), &pdf).unwrap();
        }
    }
    assert_eq!(browser.log(), json!([]));
}
