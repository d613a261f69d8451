//! `custody-verify remains`: an outsider searches files for what was destroyed, blinded by a filter or with a list of their own.

mod files;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use remains::{BlindKey, BlindSearch, Blinded, Kind, Needles};
use rows::Encoding;
use serde_json::json;
use zeroize::Zeroizing;

/// What is searched for, and where.
#[derive(clap::Args, Debug)]
#[command(after_help = "The key is asked for, or read from CUSTODY_FILTER_KEY or --key-file; it travels apart from the filter.\n\
                  Filter and key together are personal information: destroy both once the result is sent.\n\n\
                  EXAMPLES:\n  custody-verify remains --filter case.filter /var/lib/postgresql/15/main --json > result.json\n  \
                  custody-verify remains --list my-values.txt backups/\n\n\
                  EXIT CODES: 0 nothing found · 1 something found · 2 not everything could be read · 64 and above error")]
pub struct RemainsArgs {
    /// Fingerprints that `custody remains --filter-to` made
    #[arg(long, value_name = "FILE", required_unless_present = "list", conflicts_with = "list")]
    filter: Option<PathBuf>,
    /// Values of your own, one a line, UTF-8
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// A file with the key of the filter
    #[arg(long, value_name = "FILE", requires = "filter")]
    key_file: Option<PathBuf>,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
    /// Chinese
    #[arg(long)]
    zh: bool,
    /// Files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// What is searched with.
pub(crate) enum Sought {
    /// A list of one's own.
    List(Box<Needles>),
    /// Somebody else's fingerprints.
    Filter(Box<BlindSearch>),
}

/// Why nothing was searched: what is wrong, and with what exit code.
struct Refused(u8, String);

/// Searches and prints what was found.
pub fn run(args: &RemainsArgs) -> ExitCode {
    match sought(args) {
        Ok((mut sought, count, short)) => {
            let found = files::search(&args.paths, &mut sought);
            print(args, &found, count, short);
            ExitCode::from(match (found.hits.is_empty(), found.unread.is_empty()) {
                (false, _) => 1,
                (_, false) => 2,
                _ => 0,
            })
        }
        Err(Refused(code, what)) => {
            eprintln!("error: {what}");
            ExitCode::from(code)
        }
    }
}

/// What is searched with, of how many values or fingerprints, and how many values are too short.
fn sought(args: &RemainsArgs) -> Result<(Sought, usize, usize), Refused> {
    let unread = |path: &Path, e: io::Error| Refused(66, format!("{}: {}", path.display(), e.kind()));
    if let Some(list) = &args.list {
        let text = String::from_utf8(std::fs::read(list).map_err(|e| unread(list, e))?)
            .map_err(|_| Refused(65, "the list is not UTF-8".to_owned()))?;
        let values: Vec<&str> = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let mut needles = Needles::new();
        let sought = (0u32..).zip(&values).filter(|(n, value)| add(&mut needles, *n, value)).count();
        return Ok((Sought::List(Box::new(needles)), sought, values.len() - sought));
    }
    let filter = args.filter.as_deref().unwrap_or(Path::new(""));
    let blinded = File::open(filter).and_then(Blinded::read).map_err(|e| match e.kind() {
        io::ErrorKind::InvalidData => Refused(65, "this is no filter of a case".to_owned()),
        _ => unread(filter, e),
    })?;
    let key = key(args)?;
    let count = blinded.len();
    let search = BlindSearch::new(blinded, &key).ok_or_else(|| Refused(65, "this is not the key of that filter".to_owned()))?;
    Ok((Sought::Filter(Box::new(search)), count, 0))
}

/// A value in every form that is searched for; whether it is long enough as it is, or as a number.
fn add(needles: &mut Needles, n: u32, value: &str) -> bool {
    let mut any = needles.add(n, Kind::Alone, value.as_bytes());
    for encoding in [Encoding::Gb18030, Encoding::Utf16Le, Encoding::Utf16Be] {
        needles.add(n, Kind::Alone, &encoding.encode(value));
    }
    // Numbers as stores pack them: eight bytes of either order, and with the sign turned as InnoDB keeps it.
    if let Ok(number) = value.parse::<i64>()
        && number.unsigned_abs() >= 1 << 32
    {
        any |= needles.add(n, Kind::Alone, &number.to_le_bytes());
        any |= needles.add(n, Kind::Alone, &number.to_be_bytes());
        any |= needles.add(n, Kind::Alone, &(number ^ i64::MIN).to_be_bytes());
    }
    any
}

/// The key in hexadecimal digits: from a file, the environment, or a prompt; never an argument.
fn key(args: &RemainsArgs) -> Result<BlindKey, Refused> {
    let text = match (&args.key_file, std::env::var("CUSTODY_FILTER_KEY")) {
        (Some(file), _) => std::fs::read_to_string(file).map_err(|e| Refused(66, format!("{}: {}", file.display(), e.kind())))?,
        (None, Ok(text)) => text,
        (None, Err(_)) => {
            let asked = rpassword::prompt_password(if args.zh { "过滤器的密钥：" } else { "key of the filter: " });
            asked.map_err(|_| Refused(64, "there is no key".to_owned()))?
        }
    };
    let text = Zeroizing::new(text);
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|p| p.iter().fold(0, |n, d| n << 4 | d)).collect();
    let key = <[u8; 16]>::try_from(bytes.as_slice()).map_err(|_| Refused(65, "the key has 32 hexadecimal digits".to_owned()))?;
    Ok(Zeroizing::new(key))
}

fn print(args: &RemainsArgs, found: &files::Found, count: usize, short: usize) {
    let hits: Vec<_> = found.hits.iter().map(|(path, n)| json!({"file": path.display().to_string(), "met": n})).collect();
    let unread: Vec<_> = found.unread.iter().map(|(path, why)| json!({"file": path.display().to_string(), "reason": why})).collect();
    if args.json {
        println!(
            "{}",
            json!({
                "bytes": found.bytes, "files": found.files, "hits": hits, "met": found.met, "sought": count, "too_short": short,
                "type": "custody.remains_result", "unread": unread, "v": 1
            })
        );
        return;
    }
    let pick = |zh: &'static str, en: &'static str| if args.zh { zh } else { en };
    println!(
        "{}: {} · {}: {} · {}: {count}",
        pick("文件", "files"),
        found.files,
        pick("字节", "bytes"),
        found.bytes,
        pick("所查", "sought")
    );
    if short > 0 {
        println!("{}: {short}", pick("过短而未查", "too short to be searched for"));
    }
    for (path, n) in &found.hits {
        println!("{}: {} ({n})", pick("发现", "found"), path.display());
    }
    for (path, why) in &found.unread {
        println!("{}: {} ({why})", pick("未能读取", "not read"), path.display());
    }
    println!("{}: {}", pick("共发现", "met in all"), found.met);
}
