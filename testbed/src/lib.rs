//! Real database servers for tests and benches: started in a folder of their own on free loopback ports, stopped when they go.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests, benches and one experiment alone use it: a server that does not start must end them at that very line"
)]

pub mod residue;

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A port of this machine that nobody uses now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status").unwrap().lines().any(|l| l.starts_with("Uid:\t0\t"))
}

/// A folder that the server's own user may enter.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut rights = std::fs::metadata(folder.path()).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o755);
    std::fs::set_permissions(folder.path(), rights).unwrap();
    folder
}

fn fed(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let out = child.wait_with_output().unwrap();
    // A program that stops at an error does not read the rest.
    let _ = writing.join().unwrap();
    assert!(out.status.success(), "{}\n{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// A PostgreSQL server of the newest version that is installed.
pub struct Postgres {
    keep: tempfile::TempDir,
    programs: PathBuf,
    pub port: u16,
    options: String,
}

impl Postgres {
    pub fn start() -> Postgres {
        Postgres::with("")
    }

    /// With further options, e.g. `-c max_prepared_transactions=4`.
    pub fn with(options: &str) -> Postgres {
        let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap().flatten().map(|e| e.path().join("bin"));
        let programs =
            versions.max_by_key(|p| p.parent().unwrap().file_name().unwrap().to_string_lossy().parse::<u32>().unwrap_or(0)).unwrap();
        let out = Postgres { keep: folder(), programs, port: free_port(), options: options.to_owned() };
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(out.keep.path()).status().unwrap().success());
        }
        let data = out.data();
        let data = data.to_str().unwrap();
        out.own("initdb", &["-D", data, "-U", "custody", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        out.up();
        out
    }

    pub fn data(&self) -> PathBuf {
        self.keep.path().join("pg")
    }

    pub fn up(&self) {
        let data = self.data();
        let at = data.to_str().unwrap();
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} {}",
            self.port,
            self.keep.path().display(),
            self.options
        );
        let log = self.keep.path().join("log");
        self.own("pg_ctl", &["-D", at, "-l", log.to_str().unwrap(), "-w", "-s", "-o", &options, "start"]);
    }

    /// `fast` flushes everything, `immediate` nothing.
    pub fn down(&self, mode: &str) {
        self.own("pg_ctl", &["-D", self.data().to_str().unwrap(), "-m", mode, "-w", "-s", "stop"]);
    }

    /// Runs a program of the server, as the server's user.
    fn own(&self, program: &str, args: &[&str]) {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut c = Command::new("runuser");
            c.args(["-u", "postgres", "--"]).arg(path);
            c
        } else {
            Command::new(path)
        };
        let out = command.args(args).current_dir(self.keep.path()).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
        assert!(out.success(), "{program}");
    }

    /// Runs SQL as the owner; gives what it prints, one row a line, fields with `|` between them.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let url = format!("postgres://custody@127.0.0.1:{}/{database}", self.port);
        fed(Command::new("psql").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &url]), sql)
    }

    /// A client that stays.
    pub fn session(&self, database: &str, sql: &str) -> Session {
        Session::open(Command::new("psql").args(["-X", "-q", "-d", &self.url("custody", database)]), sql)
    }

    /// The address of a database, for a user.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            self.down("immediate");
        }
    }
}

/// A MariaDB server.
pub struct Mariadb {
    keep: tempfile::TempDir,
    child: Option<Child>,
    pub port: u16,
    options: Vec<String>,
}

impl Mariadb {
    pub fn start() -> Mariadb {
        Mariadb::with(&["--skip-log-bin"])
    }

    /// With further options.
    pub fn with(options: &[&str]) -> Mariadb {
        let keep = folder();
        let data = format!("--datadir={}", keep.path().join("my").display());
        let user = format!("--user={}", if is_root() { "root" } else { "custody" });
        let user = if is_root() { user } else { "--user=".to_owned() + &std::env::var("USER").unwrap_or_default() };
        // Making the system tables has failed for once on a busy machine: it is tried again in an empty folder.
        let made = (0..3).any(|_| {
            let _ = std::fs::remove_dir_all(keep.path().join("my"));
            let mut install = Command::new("mariadb-install-db");
            install.args(["--no-defaults", &user, &data, "--auth-root-authentication-method=normal", "--skip-test-db"]);
            install.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
        });
        assert!(made, "mariadb-install-db");
        let options = options.iter().map(|o| (*o).to_owned()).chain([user, data]).collect();
        let mut out = Mariadb { keep, child: None, port: free_port(), options };
        out.up();
        out
    }

    pub fn data(&self) -> PathBuf {
        self.keep.path().join("my")
    }

    pub fn up(&mut self) {
        let log = std::fs::File::create(self.keep.path().join("log")).unwrap();
        let mut command = Command::new("/usr/sbin/mariadbd");
        command
            .arg("--no-defaults")
            .args(&self.options)
            .arg(format!("--socket={}", self.keep.path().join("my.sock").display()))
            .arg(format!("--pid-file={}", self.keep.path().join("my.pid").display()))
            .arg(format!("--port={}", self.port))
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=64M", "--character-set-server=utf8mb4"]);
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let began = Instant::now();
        while !self.client().args(["-e", "SELECT 1"]).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success() {
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Kills it without a word.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Stops it cleanly.
    pub fn down(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        child.wait().unwrap();
    }

    fn client(&self) -> Command {
        let mut command = Command::new("mariadb");
        command.args([
            "--no-defaults",
            "-h127.0.0.1",
            "-uroot",
            "-N",
            "-B",
            "--default-character-set=utf8mb4",
            &format!("-P{}", self.port),
        ]);
        command
    }

    /// Runs SQL as root; gives what it prints, one row a line, fields with tabs between them.
    pub fn sql(&self, sql: &str) -> String {
        fed(&mut self.client(), sql)
    }

    /// A client that stays.
    pub fn session(&self, sql: &str) -> Session {
        Session::open(self.client().arg("--unbuffered"), sql)
    }

    /// The address of a database, for a user.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("mysql://{user}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A client that stays connected, with what it was told.
pub struct Session {
    child: Child,
    stdin: std::process::ChildStdin,
}

impl Session {
    fn open(command: &mut Command, sql: &str) -> Session {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(sql.as_bytes()).unwrap();
        stdin.flush().unwrap();
        // Until the server has heard it.
        std::thread::sleep(Duration::from_millis(700));
        Session { child, stdin }
    }

    /// Says more.
    pub fn say(&mut self, sql: &str) {
        self.stdin.write_all(sql.as_bytes()).unwrap();
        self.stdin.flush().unwrap();
        std::thread::sleep(Duration::from_millis(700));
    }

    pub fn end(self) {
        let Session { mut child, stdin } = self;
        drop(stdin);
        child.wait().unwrap();
    }
}

/// The files below a folder that have these bytes.
pub fn found_in(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    each_file(folder, &mut |path, all| {
        if memchr::memmem::find(all, bytes).is_some() {
            out.push(path.to_owned());
        }
    });
    out
}

/// Which of the values any file below a folder has.
pub fn met_in(folder: &Path, values: &[String]) -> Vec<String> {
    let mut out = std::collections::BTreeSet::new();
    each_file(folder, &mut |_, all| {
        out.extend(values.iter().filter(|v| memchr::memmem::find(all, v.as_bytes()).is_some()).cloned());
    });
    out.into_iter().collect()
}

fn each_file(folder: &Path, hear: &mut dyn FnMut(&Path, &[u8])) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            match std::fs::metadata(&path) {
                Ok(m) if m.is_dir() => folders.push(path),
                Ok(m) if m.is_file() => hear(&path, &std::fs::read(&path).unwrap_or_default()),
                _ => {}
            }
        }
    }
}
