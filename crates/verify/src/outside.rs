//! `custody-verify remains`: an outsider searches files for what was destroyed, blinded by a filter or with a list of their own.

mod files;
mod look;
mod packed;
mod sought;

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use remains::{BlindKey, BlindSearch, Blinded, Kind, NEEDLE_MIN, Needles, forms};
use serde_json::json;
use terms::Digest;
use zeroize::Zeroizing;

use sought::Sought;

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

/// What is said of a search beside what it finds.
struct Told {
    /// Values or fingerprints that are looked for, and values that are too short for it.
    sought: usize,
    short: usize,
    /// What the ledger must have of the filter: another number, and it is another filter.
    commitment: Option<Digest>,
}

/// Why nothing was searched: what is wrong, and with what exit code.
struct Refused(u8, String);

/// Searches and prints what was found.
pub fn run(args: &RemainsArgs) -> ExitCode {
    match sought(args) {
        Ok((mut sought, told)) => {
            let found = files::search(&args.paths, &mut sought);
            print(args, &found, &told);
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

fn sought(args: &RemainsArgs) -> Result<(Sought, Told), Refused> {
    match &args.list {
        Some(list) => listed(list),
        None => filtered(args, args.filter.as_deref().unwrap_or(Path::new(""))),
    }
}

/// A search for the values of a list. One that could meet nothing says nothing, and is refused.
fn listed(list: &Path) -> Result<(Sought, Told), Refused> {
    let refused = |what: &str| Refused(65, what.to_owned());
    let text = Zeroizing::new(std::fs::read(list).map_err(|e| unread(list, &e))?);
    let text = std::str::from_utf8(&text).map_err(|_| refused("the list is not UTF-8: save it anew as UTF-8, one value a line"))?;
    let values: Vec<&str> = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    if values.is_empty() {
        return Err(refused("the list is empty: write one value a line"));
    }
    let mut needles = Needles::new();
    let sought = (0u32..).zip(&values).filter(|(n, value)| add(&mut needles, *n, value)).count();
    needles.whole().map_err(|_| refused("the list has too many values: divide it and search once for each part"))?;
    if sought == 0 {
        return Err(Refused(
            65,
            format!("every value of the list is too short: it takes {NEEDLE_MIN} bytes, for shorter ones stand anywhere by chance"),
        ));
    }
    Ok((Sought::List(Box::new(needles)), Told { sought, short: values.len() - sought, commitment: None }))
}

/// A search with a filter of a case.
fn filtered(args: &RemainsArgs, filter: &Path) -> Result<(Sought, Told), Refused> {
    let refused = |what: &str| Refused(65, what.to_owned());
    let blinded = File::open(filter).and_then(Blinded::read).map_err(|e| match e.kind() {
        io::ErrorKind::InvalidData => refused("this is no filter of a case"),
        _ => unread(filter, &e),
    })?;
    if blinded.is_empty() {
        return Err(refused("the filter holds no fingerprints: nothing could be found with it"));
    }
    let key = key(args)?;
    let told = Told { sought: blinded.len(), short: 0, commitment: Some(Digest(blinded.commitment(&key))) };
    let search = BlindSearch::new(blinded, &key).ok_or_else(|| refused("this is not the key of that filter"))?;
    Ok((Sought::Filter(Box::new(search), HashSet::new()), told))
}

fn unread(path: &Path, e: &io::Error) -> Refused {
    Refused(66, format!("{}: {}", path.display(), e.kind()))
}

/// A value in every form that is searched for; whether it is long enough as it is.
fn add(needles: &mut Needles, n: u32, value: &str) -> bool {
    let added: Vec<bool> = forms(value).iter().map(|form| needles.add(n, Kind::Alone, form)).collect();
    added.first() == Some(&true)
}

/// The key in hexadecimal digits: from a file, the environment, or a prompt; never an argument.
fn key(args: &RemainsArgs) -> Result<BlindKey, Refused> {
    let text = Zeroizing::new(match (&args.key_file, std::env::var("CUSTODY_FILTER_KEY")) {
        (Some(file), _) => std::fs::read_to_string(file).map_err(|e| unread(file, &e))?,
        (None, Ok(text)) => text,
        (None, Err(_)) => {
            let asked = rpassword::prompt_password(if args.zh { "过滤器的密钥：" } else { "key of the filter: " });
            asked.map_err(|_| Refused(64, "there is no key".to_owned()))?
        }
    });
    let wrong = "the key is exactly 32 hexadecimal digits: without `0x`, spaces or signs between them; copy it anew from the key file";
    BlindKey::from_digits(&text).ok_or_else(|| Refused(65, wrong.to_owned()))
}

fn print(args: &RemainsArgs, found: &files::Found, told: &Told) {
    let Told { sought: count, short, commitment } = told;
    let hits: Vec<_> = found.hits.iter().map(|(path, n)| json!({"file": path.display().to_string(), "met": n})).collect();
    let unread = found.unread.iter().map(|(path, why)| json!({"file": path.display().to_string(), "reason": why})).collect::<Vec<_>>();
    if args.json {
        println!(
            "{}",
            json!({
                "bytes": found.bytes, "commitment": commitment, "files": found.files, "hits": hits, "met": found.met, "sought": count, "too_short": short,
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
    if let Some(commitment) = commitment {
        println!("{}: {commitment}", pick("过滤器承诺值", "commitment of the filter"));
    }
    if *short > 0 {
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
