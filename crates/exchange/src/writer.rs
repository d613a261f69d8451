//! Writing a package: rows in, part by part, nothing in the clear on disk; the manifest last.

use std::collections::BTreeMap;
use std::io::{self, Write};

use ledger::zip::{Writer, ZipError};
use ledger::{Frontier, b64, keyed};
use terms::json::{Strictness, to_bytes};
use terms::{Both, Digest, Place};
use zeroize::Zeroizing;

use crate::age::{Encryptor, Recipient};
use crate::csv::{self, MARK, field};
use crate::manifest::{Basis, DatasetPart, FilePart, GroupPart, KIND, Manifest, file_digest, root_of};
use crate::parquet::parquet;

/// Rows and bytes of text after which a part ends.
const PART_ROWS: usize = 50_000;
const PART_BYTES: usize = 16 << 20;
/// The name of the column that tells whose row it is.
const PERSON: &str = "_person";

/// A data set that is written.
#[derive(Clone, Debug)]
pub struct DatasetOut {
    /// Names of its columns, without the person's.
    pub columns: Vec<String>,
    /// Its place.
    pub dataset: Place,
    /// Field groups, with the positions of their columns.
    pub groups: Vec<(String, Vec<usize>)>,
    /// The holding.
    pub name: String,
}

struct Current {
    out: DatasetOut,
    part: DatasetPart,
    rows: Vec<Vec<Option<String>>>,
    bytes: usize,
    roots: Vec<(Frontier, u64)>,
    persons: std::collections::BTreeSet<u64>,
}

/// Writes a package.
pub struct PackageWriter<W: Write> {
    zip: Writer<Encryptor<W>>,
    salt: Zeroizing<[u8; 32]>,
    datasets: Vec<DatasetPart>,
    current: Option<Current>,
    /// Files of each data set so far.
    numbers: BTreeMap<Place, usize>,
    /// By person: rules on which the hand-over of its rows rests.
    bases: BTreeMap<u64, std::collections::BTreeSet<String>>,
}

fn form(e: ZipError) -> io::Error {
    match e {
        ZipError::Io(e) => e,
        other @ ZipError::Form(..) => io::Error::other(other.to_string()),
    }
}

impl<W: Write> PackageWriter<W> {
    /// Begins a package; `salt` and `drawn` are random.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(out: W, recipient: &Recipient, salt: [u8; 32], drawn: &Zeroizing<[u8; 64]>) -> io::Result<PackageWriter<W>> {
        let zip = Writer::new(Encryptor::new(out, recipient, drawn)?);
        Ok(PackageWriter {
            zip,
            salt: Zeroizing::new(salt),
            datasets: Vec::new(),
            current: None,
            numbers: BTreeMap::new(),
            bases: BTreeMap::new(),
        })
    }

    /// Begins a data set.
    ///
    /// # Errors
    /// If the one before cannot be written.
    pub fn begin(&mut self, out: DatasetOut) -> io::Result<()> {
        self.end()?;
        let columns = std::iter::once(PERSON.to_owned()).chain(out.columns.iter().cloned()).collect();
        let part = DatasetPart {
            columns,
            dataset: out.dataset.clone(),
            files: Vec::new(),
            groups: Vec::new(),
            name: out.name.clone(),
            persons: 0,
            rows: 0,
        };
        let roots = out.groups.iter().map(|_| (Frontier::default(), 0)).collect();
        self.current = Some(Current { out, part, rows: Vec::new(), bytes: 0, roots, persons: Default::default() });
        Ok(())
    }

    /// One row of a person (none for a row of nobody), and the rules on which it rests.
    ///
    /// # Errors
    /// If a part cannot be written.
    pub fn row(&mut self, person: Option<u64>, cells: Vec<Option<String>>, rules: &[String]) -> io::Result<()> {
        let code = person.map(|p| self.code(p));
        let Some(now) = &mut self.current else { return Err(io::Error::other("no data set was begun")) };
        for ((_, columns), (root, filled)) in now.out.groups.iter().zip(&mut now.roots) {
            let mut bytes = Vec::new();
            for cell in columns.iter().map(|c| cells.get(*c).and_then(|c| c.as_deref())) {
                *filled += u64::from(cell.is_some_and(|c| !c.is_empty()));
                bytes.extend_from_slice(&cell.map_or(u64::MAX, |c| c.len() as u64).to_be_bytes());
                bytes.extend_from_slice(cell.unwrap_or_default().as_bytes());
            }
            root.push(ledger::leaf_hash(&keyed(&self.salt, "package-row", &[&bytes])));
        }
        if let Some(person) = person {
            now.persons.insert(person);
            self.bases.entry(person).or_default().extend(rules.iter().cloned());
        }
        now.part.rows += 1;
        now.bytes += cells.iter().flatten().map(String::len).sum::<usize>();
        now.rows.push(std::iter::once(code).chain(cells).collect());
        if now.rows.len() >= PART_ROWS || now.bytes >= PART_BYTES { self.flush() } else { Ok(()) }
    }

    /// The code of a person in this package: the same in all its files, and in no other package.
    fn code(&self, person: u64) -> String {
        keyed(&self.salt, "package-person", &[&person.to_be_bytes()]).iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(now) = &mut self.current else { return Ok(()) };
        if now.rows.is_empty() {
            return Ok(());
        }
        // Two pieces of one data set share its files' numbers: no name stands twice in a package.
        let number = self.numbers.entry(now.out.dataset.clone()).or_default();
        *number += 1;
        let number = *number;
        let rows = std::mem::take(&mut now.rows);
        now.bytes = 0;
        let mut text = MARK.to_vec();
        now.part.columns.iter().enumerate().for_each(|(i, c)| field(&mut text, c, i == 0));
        csv::end(&mut text);
        for row in &rows {
            row.iter().enumerate().for_each(|(i, c)| field(&mut text, c.as_deref().unwrap_or_default(), i == 0));
            csv::end(&mut text);
        }
        let columnar = parquet(&now.part.columns, &rows).ok_or_else(|| io::Error::other("the part cannot be written as Parquet"))?;
        let stem = format!("data/{}.{:04}", now.out.dataset.as_str().replace('/', "_").to_lowercase(), number);
        for (name, bytes) in [(format!("{stem}.csv"), text), (format!("{stem}.parquet"), columnar)] {
            self.zip.add(&name, &bytes).map_err(form)?;
            let digest = file_digest(&self.salt, &bytes);
            now.part.files.push(FilePart { bytes: bytes.len() as u64, digest, name, rows: rows.len() as u64 });
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.flush()?;
        let Some(mut now) = self.current.take() else { return Ok(()) };
        now.part.persons = now.persons.len() as u64;
        let groups = now.out.groups.into_iter().zip(now.roots);
        now.part.groups = groups.map(|((group, _), (root, filled))| GroupPart { digest: Digest(root.root()), filled, group }).collect();
        self.datasets.push(now.part);
        Ok(())
    }

    /// Ends the package: legal bases by person, and the manifest, whose head `whose` gives; `article` tells a rule's place in the law.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(mut self, whose: Manifest, article: &dyn Fn(&str) -> Both) -> io::Result<(W, Manifest)> {
        self.end()?;
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut text = MARK.to_vec();
        ["person", "rules", "articles"].iter().enumerate().for_each(|(i, c)| field(&mut text, c, i == 0));
        csv::end(&mut text);
        let bases = std::mem::take(&mut self.bases);
        for (person, rules) in &bases {
            let articles: Vec<String> = rules.iter().map(|r| article(r).zh).collect();
            let cells = [self.code(*person), rules.iter().cloned().collect::<Vec<_>>().join(" "), articles.join("；")];
            cells.iter().enumerate().for_each(|(i, c)| field(&mut text, c, i == 0));
            csv::end(&mut text);
            rules.iter().for_each(|r| *counts.entry(r.clone()).or_default() += 1);
        }
        let name = "bases.csv".to_owned();
        self.zip.add(&name, &text).map_err(form)?;
        let bases_file = FilePart { bytes: text.len() as u64, digest: file_digest(&self.salt, &text), name, rows: bases.len() as u64 };
        let rows = self.datasets.iter().map(|d| d.rows).sum();
        let mut manifest = Manifest {
            bases: counts.into_iter().map(|(rule, persons)| Basis { article: article(&rule), persons, rule }).collect(),
            bases_file,
            datasets: std::mem::take(&mut self.datasets),
            rows,
            salt: b64::url(&*self.salt),
            kind: KIND.to_owned(),
            v: 1,
            ..whose
        };
        manifest.root = root_of(manifest.files());
        let bytes = to_bytes(&manifest, Strictness::Document).map_err(|e| io::Error::other(e.0))?;
        self.zip.add("manifest.json", &bytes).map_err(form)?;
        let out = self.zip.finish().map_err(form)?.finish()?;
        Ok((out, manifest))
    }
}
