//! Runs the shipped binary from outside, as a user would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub const PASSPHRASE: &str = "eight or more";

/// A folder with a case in it.
pub struct Case {
    pub folder: PathBuf,
    _keep: Option<tempfile::TempDir>,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

impl Case {
    /// An empty folder with keys for everybody.
    pub fn new() -> Case {
        let keep = tempfile::tempdir().unwrap();
        let case = Case { folder: keep.path().to_owned(), _keep: Some(keep) };
        std::fs::create_dir(case.folder.join("keys")).unwrap();
        for (name, purpose) in [("operator", "operator"), ("liquidator", "approver"), ("data-lead", "approver"), ("counsel", "counsel")] {
            case.ok(&["keygen", &format!("keys/{name}"), "--use", purpose]);
        }
        case
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_custody"));
        command.current_dir(&self.folder).args(args).stdin(Stdio::null());
        for name in ["CUSTODY_PASSPHRASE", "CUSTODY_KEY_PASSPHRASE", "CUSTODY_COUNSEL_PASSPHRASE"] {
            command.env(name, PASSPHRASE);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs and expects exit code 0 (or 2, "incomplete", where that is the answer); gives standard output.
    pub fn ok(&self, args: &[&str]) -> String {
        let out = self.run(args);
        let code = out.status.code();
        assert!(
            matches!(code, Some(0 | 2)),
            "{args:?} ended with {code:?}\n{}\n{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8(out.stdout).unwrap()
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        let text = self.ok(&all);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}\n{text}"))
    }

    /// What it prints as JSON, whatever the exit code.
    pub fn json_any(&self, args: &[&str]) -> Value {
        let out = self.run(&[&["--json"], args].concat());
        serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}\n{}", String::from_utf8_lossy(&out.stdout)))
    }

    /// Runs and expects a fault; gives its code.
    pub fn fault(&self, args: &[&str]) -> String {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        let out = self.run(&all);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.code().is_some_and(|c| c >= 64), "{args:?} did not fail: {text}");
        let last: Value = text.lines().rev().find_map(|l| serde_json::from_str(l).ok()).unwrap_or_else(|| panic!("{args:?}: {text}"));
        last["error"]["code"].as_str().unwrap_or_else(|| panic!("{args:?}: {text}")).to_owned()
    }

    /// Two approvals.
    pub fn approve(&self) {
        self.ok(&["approve", "--key", "keys/liquidator.key", "--yes"]);
        self.ok(&["approve", "--key", "keys/data-lead.key", "--yes"]);
    }

    /// Seals, answers what a shop of its own is asked, plans, approves twice, and backs up.
    pub fn prepared(&self) {
        self.planned();
        self.approve();
        self.ok(&["backup"]);
    }

    /// Up to a plan that nobody has approved yet.
    pub fn planned(&self) {
        self.answered();
        self.ok(&["plan"]);
    }

    /// Sealed, with every question answered.
    pub fn answered(&self) {
        self.ok(&["subjects"]);
        self.answer_tasks();
        self.drill();
        for fact in ["holding.open_matter=no", "holding.statutory_copy=yes", "case.important_data=no", "case.platform=no"] {
            self.ok(&["answer", fact]);
        }
    }

    /// Tries two of the printed shares.
    pub fn drill(&self) {
        self.drill_under(&[]);
    }

    /// As [`Case::drill`], with arguments before the command.
    pub fn drill_under(&self, before: &[&str]) {
        for n in [1, 3] {
            self.write(&format!("share-{n}.txt"), self.words(n));
        }
        self.ok(&[before, &["keeper", "drill", "--share", "share-1.txt", "--share", "share-3.txt"]].concat());
    }

    /// The Chinese words that stand on a printed share.
    pub fn words(&self, n: usize) -> String {
        let sheet = std::fs::read_to_string(self.folder.join(format!("shares/share-{n}.html"))).unwrap();
        let cells = sheet.split("</small> ").skip(1).filter_map(|c| c.split("</td>").next());
        cells.filter(|w| !w.is_ascii() && w.chars().count() == 2).take(40).collect::<Vec<_>>().join(" ")
    }

    /// Says of every standing task that is open that it does not apply here.
    pub fn answer_tasks(&self) {
        self.answer_tasks_under(&[]);
    }

    /// As [`Case::answer_tasks`], with arguments before each command.
    pub fn answer_tasks_under(&self, before: &[&str]) {
        let listed = self.json(&[before, &["status", "--tasks"]].concat());
        let open: Vec<(&str, &str)> = listed["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|t| t["answered"].is_null())
            .map(|t| (t["source"].as_str().unwrap(), t["task"].as_str().unwrap()))
            .collect();
        let sources: std::collections::BTreeSet<&str> = open.iter().map(|(s, _)| *s).collect();
        for source in sources {
            let mut args = vec!["record".to_owned(), "task_not_applicable".to_owned(), "--about".to_owned(), source.to_owned()];
            for (_, task) in open.iter().filter(|(s, _)| *s == source) {
                args.extend(["--about".to_owned(), format!("t-{task}")]);
            }
            args.extend(["--note".to_owned(), "none of that here".to_owned()]);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            self.ok(&[before, &args].concat());
        }
    }

    /// Applies with these steps and encodings left out (docs/why/residue.md); gives what it says at last, a fault or a report.
    pub fn apply_without(&self, left_out: &str) -> Value {
        let out = self.command(&["--json", "apply"]).env("CUSTODY_LEAVE_OUT", left_out).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let last = || text.lines().rev().find_map(|l| serde_json::from_str(l).ok());
        serde_json::from_str(&text).ok().or_else(last).unwrap_or_else(|| panic!("{text}"))
    }

    /// What a decoder that was not written for Custody finds of some values below a folder.
    pub fn decoded(&self, program: &str, folder: &Path, values: impl Iterator<Item = String>) -> Value {
        self.write("values.txt", values.collect::<Vec<_>>().join("\n"));
        let mut command = Command::new("python3");
        command.arg(root().join("vectors/decoders").join(program)).arg(folder).arg(self.folder.join("values.txt"));
        let out = command.output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let found: Value = serde_json::from_slice(&out.stdout).unwrap();
        assert_eq!((&found["unread"], &found["untried"]), (&0.into(), &0.into()), "{found:#}");
        found
    }

    /// The documents of a type.
    pub fn documents(&self, kind: &str) -> Vec<Value> {
        let all = std::fs::read_dir(self.folder.join("case.custody/documents")).unwrap().flatten();
        let read = all.filter_map(|e| serde_json::from_slice::<Value>(&std::fs::read(e.path()).unwrap()).ok());
        read.filter(|d| d["type"] == kind).collect()
    }

    /// The receipts of destructions that were seen done.
    pub fn receipts(&self) -> Vec<Value> {
        self.documents("custody.destruction_receipt").into_iter().filter(|d| d["columns"].is_array()).collect()
    }

    /// Makes the dossier and verifies it under its policy; gives the report.
    pub fn verified(&self, dossier: &str) -> Value {
        let made = self.json(&["dossier", "-o", dossier]);
        self.json(&["verify", dossier, "--policy-digest", made["policy_digest"].as_str().unwrap()])
    }
}

/// The head of a case file: a retailer in dissolution with an operator and two approvers; days `YYYY-MM-DD`.
pub fn head(service_stop: &str, last_day: &str) -> String {
    format!(
        "version: 1
lang: en
company: {{name: Shop, uscc: \"91310000MA1K000006\"}}
scenario: dissolution
sectors: [retail]
dates: {{service_stop: {service_stop}, last_day: {last_day}}}
parties:
  operator: {{name: Operator, key: keys/operator.pub}}
  approvers: [{{name: Liquidation lead, key: keys/liquidator.pub}}, {{name: Data lead, key: keys/data-lead.pub}}]
"
    )
}

/// A workbook of one sheet; `rows` are its `sheetData`.
pub fn workbook(path: &Path, sheet: &str, state: &str, rows: &str) {
    use std::io::Write;
    let types = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#;
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let rels = |kind: &str, target: &str| {
        format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{office}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let book = format!(
        r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="{sheet}" sheetId="1" state="{state}" r:id="rId1"/></sheets></workbook>"#
    );
    // Names that usual programs write into every workbook.
    let styles = format!(
        r#"<styleSheet xmlns="{main}"><tableStyles count="0" defaultTableStyle="TableStyleMedium9" defaultPivotStyle="PivotStyleLight16"/></styleSheet>"#
    );
    let mut out = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in [
        ("[Content_Types].xml", types.to_owned()),
        ("_rels/.rels", rels("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", book),
        ("xl/styles.xml", styles),
        ("xl/_rels/workbook.xml.rels", rels("worksheet", "worksheets/sheet1.xml")),
        ("xl/worksheets/sheet1.xml", format!(r#"<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>"#)),
    ] {
        out.start_file(name, stored).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap();
}

/// Two letters, as many names are: too short to be looked for by themselves. Some have the same.
pub fn short_name(n: usize) -> String {
    let letter = |from: u32, n: usize| char::from_u32(from + u32::try_from(n).unwrap()).unwrap();
    let n = n % 1_000;
    format!("{}{}", letter(0x5f20, n % 25), letter(0x4e00, n / 25))
}

/// A row of texts in a sheet.
pub fn sheet_row(number: u32, texts: &[&str]) -> String {
    let cells: String = ('A'..).zip(texts).map(|(c, t)| format!(r#"<c r="{c}{number}" t="inlineStr"><is><t>{t}</t></is></c>"#)).collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

pub fn claim<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["claims"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap_or_else(|| panic!("no claim {id}: {report:#}"))
}

/// A file of the shared public data, if it is beside the project.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = root().parent()?.join("shared").join(path);
    path.exists().then_some(path)
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
    let mut rights = std::fs::metadata(to).unwrap().permissions();
    #[allow(clippy::permissions_set_readonly_false)]
    rights.set_readonly(false);
    std::fs::set_permissions(to, rights).unwrap();
}

/// The day so many days from today, `YYYY-MM-DD`.
pub fn day(offset: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let zone = terms::Zone::named("Asia/Shanghai").unwrap();
    zone.day_of(i64::try_from(now).unwrap()).unwrap().plus_days(offset).to_string()
}

/// A table of members, each with a mobile number and a mail.
pub fn members(count: usize, mobile: impl Fn(usize) -> String) -> String {
    let rows: Vec<String> = (0..count).map(|n| format!("({n}, 'Person {n}', '{}', 'person{n}@example.com')", mobile(n))).collect();
    format!(
        "CREATE TABLE member (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, mobile VARCHAR(20), email VARCHAR(60));
         INSERT INTO member VALUES {};",
        rows.join(", ")
    )
}

/// Waits until something is seen, and not for ever. MariaDB makes its list of locks anew only when nobody asked for it for a tenth of a
/// second: then `pause` is longer.
pub fn until(what: &str, pause: std::time::Duration, mut seen: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !seen() {
        assert!(began.elapsed() < std::time::Duration::from_secs(40), "not seen: {what}");
        std::thread::sleep(pause);
    }
}

/// Somebody else's program with a read open in a SQLite database.
pub struct Reader(std::process::Child);

impl Reader {
    pub fn over(database: &Path) -> Reader {
        let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN')
c.execute('SELECT count(*) FROM client').fetchone(); print('reading', flush=True); sys.stdin.read()";
        let mut command = Command::new("python3");
        command.args(["-c", program]).arg(database).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut said).unwrap();
        assert_eq!(said, "reading\n");
        Reader(child)
    }

    pub fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}
