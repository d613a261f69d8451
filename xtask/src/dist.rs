//! `cargo xtask dist`: static binaries for Linux and Windows, their signed checksums, and a smoke run of both.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::{cargo, step};

const OUT: &str = "target/dist";
const LINUX: &str = "x86_64-unknown-linux-musl";
const WINDOWS: &str = "x86_64-pc-windows-gnu";
const PROGRAMS: [&str; 2] = ["custody", "custody-verify"];

/// Builds, signs and smoke-runs everything.
pub fn dist() -> bool {
    step("linux", || build(LINUX, "")) && step("windows", || build(WINDOWS, ".exe")) && step("checksums", sums) && step("smoke run", smoke)
}

/// Shipped binaries are always optimised whole.
fn build(target: &str, ending: &str) -> bool {
    let set = |name: &'static str, value: &str| (name, OsString::from(value));
    let vars = [
        set("CARGO_PROFILE_RELEASE_LTO", "thin"),
        set("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3"),
        set("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ];
    let built = cargo(
        &["build", "--release", "--locked", "--package", "custody", "--package", "custody-verify", "--bins", "--target", target],
        &vars,
    );
    let to = PathBuf::from(OUT).join(target);
    built
        && fs::create_dir_all(&to).is_ok()
        && PROGRAMS.iter().all(|p| fs::copy(format!("target/{target}/release/{p}{ending}"), to.join(format!("{p}{ending}"))).is_ok())
}

/// `SHA256SUMS`, signed with the key that CUSTODY_RELEASE_KEY names (PEM, Ed25519); without one a fresh key signs, and says that it is nobody's.
fn sums() -> bool {
    let mut files: Vec<String> = Vec::new();
    for (target, ending) in [(LINUX, ""), (WINDOWS, ".exe")] {
        files.extend(PROGRAMS.iter().map(|p| format!("{target}/{p}{ending}")));
    }
    let out = Command::new("sha256sum").current_dir(OUT).args(&files).output();
    let Some(text) = out.ok().filter(|o| o.status.success()).map(|o| o.stdout) else { return false };
    if fs::write(format!("{OUT}/SHA256SUMS"), text).is_err() {
        return false;
    }
    let key = match env::var_os("CUSTODY_RELEASE_KEY") {
        Some(key) => PathBuf::from(key),
        None => {
            println!("CUSTODY_RELEASE_KEY is not set: signed with a fresh key that nobody vouches for");
            let key = PathBuf::from(OUT).join("fresh.pem");
            if !run(Command::new("openssl").args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key)) {
                return false;
            }
            key
        }
    };
    let file = |name: &str| format!("{OUT}/{name}");
    let signed = run(Command::new("openssl").args(["pkeyutl", "-sign", "-rawin", "-inkey"]).arg(&key).args([
        "-in",
        &file("SHA256SUMS"),
        "-out",
        &file("SHA256SUMS.sig"),
    ])) && run(Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(&key).args(["-out", &file("release.pub.pem")]));
    let _ = fs::remove_file(file("fresh.pem"));
    signed
        && run(Command::new("openssl").args([
            "pkeyutl",
            "-verify",
            "-rawin",
            "-pubin",
            "-inkey",
            &file("release.pub.pem"),
            "-in",
            &file("SHA256SUMS"),
            "-sigfile",
            &file("SHA256SUMS.sig"),
        ]))
}

fn run(command: &mut Command) -> bool {
    command.status().is_ok_and(|s| s.success())
}

/// A folder of our own under the temporary one, removed at the end.
struct Room(PathBuf);

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn smoke() -> bool {
    let room = Room(env::temp_dir().join(format!("custody-dist-{}", std::process::id())));
    if fs::create_dir_all(&room.0).is_err() {
        return false;
    }
    let began = Instant::now();
    let linux =
        run(Command::new(format!("{OUT}/{LINUX}/custody")).args(["demo", "--into"]).arg(room.0.join("linux")).stdout(Stdio::null()));
    println!("demo on Linux: {}, {:.1} s", said(linux), began.elapsed().as_secs_f64());
    let Some(wine) = Wine::start(&room.0) else {
        println!("Wine is missing or does not start: apt-get install wine mingw-w64");
        return false;
    };
    let system = wine.system();
    let all = linux
        & wine.demo(&room.0)
        & wine.long_and_chinese(&room.0)
        & wine.held_open(&room.0)
        & wine.crlf(&room.0)
        & wine.gbk_console(&room.0)
        & wine.untouched(&system);
    wine.stop();
    all
}

fn said(ok: bool) -> &'static str {
    if ok { "ok" } else { "FAILED" }
}

/// Windows as far as Wine is it; its console speaks code page 936.
struct Wine {
    prefix: PathBuf,
    locales: PathBuf,
}

/// Wine 8 lacks the one function by which Rust's standard library asks Windows 10 for randomness.
const SHIM: &str = "#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE b, SIZE_T n) { return SystemFunction036(b, (ULONG)n); }
";

/// Holds a file open without sharing it, as a spreadsheet program does, until its standard input ends.
const HOLDER: &str = "use std::io::Read; use std::os::windows::fs::OpenOptionsExt;
fn main() { let path = std::env::args().nth(1).unwrap(); let _held = std::fs::OpenOptions::new().read(true).write(true).share_mode(0).open(path).unwrap();
println!(\"held\"); let _ = std::io::stdin().read(&mut [0u8; 1]); }
";

impl Wine {
    fn start(room: &Path) -> Option<Wine> {
        let wine = Wine { prefix: room.join("wine"), locales: room.join("locales") };
        fs::create_dir_all(&wine.locales).ok()?;
        // The names of Windows' code page follow the locale: 936 is what a Chinese console has.
        let link = wine.locales.join("zh_CN.UTF-8");
        run(Command::new("ln").args(["-s", "/usr/lib/locale/C.utf8"]).arg(&link)).then_some(())?;
        // A server of before that is just ending refuses the first start.
        let boots = || run(wine.command("wineboot").arg("-i").stdout(Stdio::null()).stderr(Stdio::null()));
        (boots() || boots()).then_some(())?;
        run(wine.command("wine").args(["winecfg", "-v", "win10"]).stderr(Stdio::null())).then_some(())?;
        let (shim, holder) = (room.join("shim.c"), room.join("holder.rs"));
        fs::write(&shim, SHIM).ok()?;
        fs::write(&holder, HOLDER).ok()?;
        let dll = wine.prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
        if !dll.exists() {
            run(Command::new("x86_64-w64-mingw32-gcc").args(["-O2", "-s", "-shared", "-o"]).arg(&dll).arg(&shim).arg("-ladvapi32"))
                .then_some(())?;
        }
        run(Command::new("rustc").args(["--target", WINDOWS, "--edition", "2024", "-o"]).arg(room.join("holder.exe")).arg(&holder))
            .then_some(wine)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=");
        command.env("LOCPATH", &self.locales).env("LC_ALL", "zh_CN.UTF-8");
        command
    }

    fn custody(&self) -> Command {
        let mut command = self.command("wine");
        let exe = fs::canonicalize(format!("{OUT}/{WINDOWS}/custody.exe")).unwrap_or_default();
        command.arg(exe).env("CUSTODY_PASSPHRASE", "eight or more").env("CUSTODY_KEY_PASSPHRASE", "eight or more");
        command
    }

    fn demo(&self, room: &Path) -> bool {
        let began = Instant::now();
        let ok = run(self.custody().current_dir(room).args(["demo", "--into", "windows"]).stdout(Stdio::null()));
        println!("demo under Wine: {}, {:.1} s", said(ok), began.elapsed().as_secs_f64());
        ok
    }

    /// A small case far down in folders with Chinese names, over 260 characters deep.
    fn long_and_chinese(&self, room: &Path) -> bool {
        let deep = (0..24).fold(room.to_owned(), |at, i| at.join(format!("客户资料第{i:02}层文件夹")));
        let ok = self.case_in(room, &deep, "\n") && self.scanned(room, &deep);
        println!("Chinese path of {} characters: {}", deep.to_string_lossy().chars().count(), said(ok));
        ok
    }

    fn crlf(&self, room: &Path) -> bool {
        let folder = room.join("crlf");
        let ok = self.case_in(room, &folder, "\r\n") && self.scanned(room, &folder);
        println!("case file with CRLF: {}", said(ok));
        ok
    }

    /// A list that another program holds open is listed as unread, with its reason; the rest is read.
    fn held_open(&self, room: &Path) -> bool {
        let folder = room.join("held");
        if !self.case_in(room, &folder, "\n") || fs::write(folder.join("lists/b.csv"), "姓名,手机\r\n乙,13800000002\r\n").is_err() {
            return false;
        }
        let Some(mut holder) = self.hold(room, &folder.join("lists/a.csv")) else { return false };
        let out = self.custody().current_dir(&folder).args(["--json", "scan"]).output();
        drop(holder.stdin.take());
        let _ = holder.wait();
        let text = out.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let (all, shut) = (text.replace(' ', ""), "\"place\":\"src1/f1\"");
        let ok = all.contains("\"src1/f2\"") && all.contains(shut) && all.contains("\"reason\"") && !text.contains("panicked");
        println!("a file held open by another program: {}", said(ok));
        ok
    }

    /// In a console of code page 936 Chinese is written and read as in any other.
    fn gbk_console(&self, room: &Path) -> bool {
        let key = r"HKLM\System\CurrentControlSet\Control\Nls\CodePage";
        let page = self.command("wine").args(["reg", "query", key, "/v", "OEMCP"]).output();
        let gbk = page.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains("936"));
        let out = self.custody().current_dir(room.join("crlf")).args(["--lang", "zh", "scan"]).output();
        let ok = gbk && out.is_ok_and(|o| o.status.success() && String::from_utf8_lossy(&o.stdout).contains("手机"));
        println!("console with code page 936: {}", said(ok));
        ok
    }

    /// Everything in the folders of the system, and what is registered for the whole machine: who has no admin rights cannot write there.
    fn system(&self) -> Vec<(PathBuf, u64)> {
        let mut open =
            ["windows", "Program Files", "Program Files (x86)", "ProgramData"].map(|f| self.prefix.join("drive_c").join(f)).to_vec();
        let mut found = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(m) if m.is_dir() => open.push(entry.path()),
                    Ok(m) => found.push((entry.path(), m.len())),
                    Err(_) => {}
                }
            }
        }
        // Wine itself keeps its own records of a run in the temporary folder of the system.
        found.retain(|(path, _)| !path.components().any(|c| c.as_os_str().eq_ignore_ascii_case("temp")));
        found.sort();
        found
    }

    /// Nothing was asked of the machine that needs admin rights: its folders are as they were, and the programs ask for no elevation.
    fn untouched(&self, before: &[(PathBuf, u64)]) -> bool {
        let asks = |p: &str| {
            let bytes = fs::read(format!("{OUT}/{WINDOWS}/{p}.exe")).unwrap_or_default();
            bytes.is_empty()
                || ["requireAdministrator", "highestAvailable"].iter().any(|word| bytes.windows(word.len()).any(|w| w == word.as_bytes()))
        };
        let ok = !before.is_empty() && self.system() == before && !PROGRAMS.iter().any(|p| asks(p));
        println!("no admin rights: {}", said(ok));
        ok
    }

    fn hold(&self, room: &Path, file: &Path) -> Option<Child> {
        let mut child =
            self.command("wine").arg(room.join("holder.exe")).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut()?), &mut line).ok()?;
        line.contains("held").then_some(child)
    }

    /// Keys and a case with one list of people; `end` ends its lines.
    fn case_in(&self, room: &Path, folder: &Path, end: &str) -> bool {
        let case = "version: 1\ncompany: {name: 某某商贸有限公司, uscc: \"91310000MA1K000006\"}\nscenario: dissolution\nsectors: [retail]\n\
                    dates: {service_stop: 2026-01-01, last_day: 2026-12-01}\nparties:\n  operator: {name: 操作人, key: keys/operator.pub}\n\
                    \u{20} approvers: [{name: 甲, key: keys/a.pub}, {name: 乙, key: keys/b.pub}]\nsources: [{id: lists, kind: delimited, path: lists}]\n";
        let made = fs::create_dir_all(folder.join("lists")).is_ok()
            && fs::create_dir_all(folder.join("keys")).is_ok()
            && fs::write(folder.join("lists/a.csv"), "姓名,手机\r\n甲,13800000001\r\n").is_ok()
            && fs::write(folder.join("case.yaml"), case.replace('\n', end)).is_ok();
        let key = |name: &str, purpose: &str| {
            run(self.custody().current_dir(room).arg("keygen").arg(folder.join(name)).args(["--use", purpose]).stdout(Stdio::null()))
        };
        made && key("keys/operator", "operator") && key("keys/a", "approver") && key("keys/b", "approver")
    }

    /// The folder is named, not entered: Windows gives no program a working directory of that length.
    fn scanned(&self, room: &Path, folder: &Path) -> bool {
        let out = self.custody().current_dir(room).args(["--json", "--case"]).arg(folder.join("case.yaml")).arg("scan").output();
        out.is_ok_and(|o| o.status.success() && String::from_utf8_lossy(&o.stdout).contains("src1/f1"))
    }

    fn stop(&self) {
        let _ = self.command("wineserver").arg("-k").status();
    }
}
