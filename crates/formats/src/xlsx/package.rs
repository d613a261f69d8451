//! The package of a workbook: its parts, what they are to each other, and the new package in which unchanged parts keep their very bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, Write};

use quick_xml::events::Event;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::xml::{attribute, local, walk};
use crate::reason::Reason;

/// Most parts, most bytes of one part, and of all.
const PARTS_MAX: usize = 20_000;
const PART_MAX: u64 = 1 << 30;
const UNPACKED_MAX: u64 = 2 << 30;

/// An open package.
pub(super) struct Package<R> {
    zip: ZipArchive<R>,
    names: Vec<String>,
}

fn damaged<E>(_: E) -> Reason {
    Reason::Damaged
}

impl<R: Read + Seek> Package<R> {
    pub(super) fn open(input: R) -> Result<Package<R>, Reason> {
        let mut zip = ZipArchive::new(input).map_err(damaged)?;
        if zip.len() > PARTS_MAX {
            return Err(Reason::TooManyMembers);
        }
        let (mut names, mut unpacked) = (Vec::new(), 0u64);
        for i in 0..zip.len() {
            let file = zip.by_index_raw(i).map_err(damaged)?;
            if file.encrypted() {
                return Err(Reason::PasswordProtected);
            }
            unpacked = unpacked.saturating_add(file.size());
            if file.size() > PART_MAX || unpacked > UNPACKED_MAX {
                return Err(Reason::TooLarge);
            }
            names.push(file.name().map_err(damaged)?.into_owned());
        }
        let distinct: BTreeSet<&String> = names.iter().collect();
        if distinct.len() != names.len() {
            return Err(Reason::Damaged);
        }
        Ok(Package { zip, names })
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|n| n == name)
    }

    /// A part's bytes; never more than its header said.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Reason> {
        let file = self.zip.by_name(name).map_err(damaged)?;
        let size = file.size();
        let mut out = Vec::with_capacity(usize::try_from(size.min(64 << 20)).unwrap_or_default());
        let read = file.take(size.saturating_add(1)).read_to_end(&mut out).map_err(damaged)?;
        if read as u64 == size { Ok(out) } else { Err(Reason::Damaged) }
    }

    /// A part's text.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Reason> {
        String::from_utf8(self.bytes(name)?).map_err(damaged)
    }

    /// What keeps a workbook from being edited by rows.
    pub(super) fn editable(&self) -> Result<(), Reason> {
        let any = |of: &dyn Fn(&str) -> bool| self.names.iter().any(|n| of(&n.to_lowercase()));
        if any(&|n| n.ends_with("vbaproject.bin") || n.contains("/macrosheets/") || n.contains("activex")) {
            return Err(Reason::HasMacros);
        }
        if any(&|n| n.starts_with("_xmlsignatures/")) {
            return Err(Reason::Signed);
        }
        if any(&|n| n.ends_with(".bin") && n.contains("worksheets/sheet")) || !self.has("xl/workbook.xml") {
            return Err(Reason::WholeFileOnly);
        }
        Ok(())
    }

    /// What a part is related to: id → (kind, part).
    pub(super) fn relations(&mut self, part: &str) -> Result<BTreeMap<String, (String, String)>, Reason> {
        let name = relations_name(part);
        let mut out = BTreeMap::new();
        if !self.has(&name) {
            return Ok(out);
        }
        walk(&self.text(&name)?, &mut |step| {
            let (Event::Start(e) | Event::Empty(e)) = &step.event else { return Ok(()) };
            if local(e) == "Relationship"
                && let (Some(id), Some(kind), Some(target)) = (attribute(e, "Id"), attribute(e, "Type"), attribute(e, "Target"))
            {
                let external = attribute(e, "TargetMode").is_some_and(|m| m == "External");
                let target = if external { target } else { resolved(part, &target) };
                out.insert(id, (kind.rsplit('/').next().unwrap_or_default().to_owned(), target));
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// Sheets by name, with their parts.
    pub(super) fn sheets(&mut self) -> Result<Vec<(String, String)>, Reason> {
        let relations = self.relations("xl/workbook.xml")?;
        let mut out = Vec::new();
        walk(&self.text("xl/workbook.xml")?, &mut |step| {
            let (Event::Start(e) | Event::Empty(e)) = &step.event else { return Ok(()) };
            if local(e) == "sheet"
                && let (Some(name), Some(id)) = (attribute(e, "name"), attribute(e, "r:id"))
                && let Some((kind, part)) = relations.get(&id)
                && kind == "worksheet"
            {
                out.push((name, part.clone()));
            }
            Ok(())
        })?;
        if out.iter().all(|(_, part)| self.has(part)) { Ok(out) } else { Err(Reason::Damaged) }
    }

    /// Names by which formulas and parts refer to each other: of sheets, ranges, tables and their columns.
    pub(super) fn own_names(&mut self) -> Result<Vec<String>, Reason> {
        let parts: Vec<String> = self.names.iter().filter(|n| *n == "xl/workbook.xml" || n.starts_with("xl/tables/")).cloned().collect();
        let mut out = Vec::new();
        for part in parts.iter().filter(|part| part.ends_with(".xml")) {
            walk(&self.text(part)?, &mut |step| {
                let (Event::Start(e) | Event::Empty(e)) = &step.event else { return Ok(()) };
                if matches!(local(e), "sheet" | "definedName" | "table" | "tableColumn") {
                    out.extend(["name", "displayName"].into_iter().filter_map(|name| attribute(e, name)));
                }
                Ok(())
            })?;
        }
        Ok(out)
    }

    /// The part of shared strings.
    pub(super) fn shared_strings(&mut self) -> Result<Option<String>, Reason> {
        let relations = self.relations("xl/workbook.xml")?;
        let found = relations.into_values().find(|(kind, _)| kind == "sharedStrings").map(|(_, part)| part);
        Ok(found.filter(|part| self.has(part)))
    }

    /// Writes the package: changed parts anew, dropped ones not at all, all others with the bytes that they have.
    pub(super) fn write(
        mut self,
        output: impl Write + Seek,
        changed: &BTreeMap<String, Vec<u8>>,
        dropped: &BTreeSet<String>,
    ) -> Result<(), Reason> {
        let failed = |e: ZipError| if let ZipError::Io(e) = e { Reason::from(e) } else { Reason::Unreadable };
        let mut writer = ZipWriter::new(output);
        for i in 0..self.zip.len() {
            let file = self.zip.by_index_raw(i).map_err(damaged)?;
            let name = file.name().map_err(damaged)?.into_owned();
            match changed.get(&name) {
                _ if dropped.contains(&name) => {}
                Some(bytes) => {
                    let options = SimpleFileOptions::default()
                        .compression_method(CompressionMethod::Deflated)
                        .last_modified_time(DateTime::default())
                        .large_file(bytes.len() >= (u32::MAX / 2) as usize);
                    writer.start_file(name, options).map_err(failed)?;
                    writer.write_all(bytes)?;
                }
                None => writer.raw_copy_file(file).map_err(failed)?,
            }
        }
        writer.finish().map_err(failed)?.flush()?;
        Ok(())
    }
}

/// `xl/worksheets/sheet1.xml` → `xl/worksheets/_rels/sheet1.xml.rels`.
pub(super) fn relations_name(part: &str) -> String {
    match part.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/_rels/{file}.rels"),
        None => format!("_rels/{part}.rels"),
    }
}

/// A target as a part's name: relative to the part that names it, or absolute.
fn resolved(part: &str, target: &str) -> String {
    let mut out: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => part.rsplit_once('/').map_or(Vec::new(), |(folder, _)| folder.split('/').collect()),
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out.join("/")
}
