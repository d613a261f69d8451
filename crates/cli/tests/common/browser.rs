//! A browser that opens pages from local files, driven over WebDriver on the loopback; nothing else can be reached from it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Browser {
    driver: Child,
    url: String,
    process: Option<u64>,
    /// Where what a page saves ends up.
    pub downloads: PathBuf,
    _keep: tempfile::TempDir,
}

impl Browser {
    /// A fresh browser; `cargo xtask test` installs it (Debian's chromium and chromium-driver).
    pub fn start() -> Browser {
        let keep = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is missing: cargo xtask test installs it (apt-get install chromium chromium-driver)");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port =
            lines.find_map(|l| l.unwrap().rsplit_once("successfully on port ").map(|(_, p)| p.trim_end_matches('.').to_owned())).unwrap();
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let downloads = keep.path().join("saved");
        std::fs::create_dir(&downloads).unwrap();
        let args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"];
        let mut browser = Browser { driver, url: format!("http://127.0.0.1:{port}"), process: None, downloads, _keep: keep };
        let asked = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": args, "prefs": {"download.default_directory": browser.downloads, "download.prompt_for_download": false}}
        }}});
        let session = browser.post("/session", &asked);
        browser.process = session["capabilities"]["goog:processID"].as_u64();
        browser.url = format!("{}/session/{}", browser.url, session["sessionId"].as_str().unwrap());
        browser.post("/timeouts", &json!({"script": 120_000, "pageLoad": 60_000}));
        browser
    }

    fn send(&self, request: minreq::Request, path: &str) -> Value {
        let answer = request.with_timeout(180).send().unwrap();
        let value: Value = serde_json::from_slice(answer.as_bytes()).unwrap();
        assert!(answer.status_code == 200, "{path}: {value:#}");
        value["value"].clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request =
            minreq::post(format!("{}{path}", self.url)).with_header("Content-Type", "application/json").with_body(body.to_string());
        self.send(request, path)
    }

    fn get(&self, path: &str) -> Value {
        self.send(minreq::get(format!("{}{path}", self.url)), path)
    }

    pub fn open(&self, file: &Path) {
        let path: String = file.canonicalize().unwrap().to_string_lossy().replace('%', "%25").replace('#', "%23").replace('?', "%3f");
        self.post("/url", &json!({"url": format!("file://{path}")}));
    }

    fn element(&self, css: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": css}));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Types into a field, or gives a file input a path.
    pub fn type_in(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.post(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    pub fn give(&self, css: &str, file: &Path) {
        self.type_in(css, file.canonicalize().unwrap().to_str().unwrap());
    }

    pub fn click(&self, css: &str) {
        let element = self.element(css);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The text that a script returns, once it returns any.
    pub fn wait_for(&self, script: &str) -> String {
        let began = Instant::now();
        loop {
            match self.run(script) {
                Value::String(text) if !text.is_empty() => return text,
                other => assert!(began.elapsed() < PATIENCE, "{script} gave {other} for {PATIENCE:?}: {:#}", self.log()),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the page said to the console: errors, and whatever its policy refused.
    pub fn log(&self) -> Value {
        self.post("/se/log", &json!({"type": "browser"}))
    }

    /// The page as a PDF on A4.
    pub fn pdf(&self) -> Vec<u8> {
        let page = json!({"background": true, "page": {"width": 21.0, "height": 29.7}}).to_string();
        // A browser that is just busy says "Printing failed", and prints the next time.
        for _ in 0..5 {
            let request =
                minreq::post(format!("{}/print", self.url)).with_header("Content-Type", "application/json").with_body(page.as_str());
            let answer: Value = serde_json::from_slice(request.with_timeout(180).send().unwrap().as_bytes()).unwrap();
            let pdf = answer["value"].as_str().and_then(ledger::b64::from_std);
            if let Some(pdf) = pdf.filter(|pdf| pdf.starts_with(b"%PDF")) {
                return pdf;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        panic!("nothing was printed")
    }

    /// A picture of what is on screen.
    pub fn picture(&self) -> Vec<u8> {
        ledger::b64::from_std(self.get("/screenshot").as_str().unwrap()).unwrap()
    }

    /// The file of that ending that the page saved.
    pub fn saved(&self, ending: &str) -> PathBuf {
        let began = Instant::now();
        loop {
            let found =
                std::fs::read_dir(&self.downloads).unwrap().map(|e| e.unwrap().path()).find(|p| p.to_string_lossy().ends_with(ending));
            if let Some(path) = found {
                return path;
            }
            assert!(began.elapsed() < PATIENCE, "nothing was saved that ends with {ending}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session first: a driver that is killed leaves its browser running.
        let _ = minreq::delete(&self.url).with_timeout(20).send();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        if let Some(process) = self.process.filter(|p| Path::new(&format!("/proc/{p}")).exists()) {
            let _ = Command::new("kill").arg(process.to_string()).status();
        }
    }
}
