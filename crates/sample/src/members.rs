//! The children's club: a workbook with a title above its heading, children under 14 with their guardians, and a hidden sheet.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::people::person;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/worksheets/sheet2.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
const RELS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="会员" sheetId="1" r:id="rId1"/><sheet name="旧名单" sheetId="2" state="hidden" r:id="rId2"/></sheets></workbook>"#;
const WORKBOOK_RELS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/></Relationships>"#;

pub(crate) fn make(path: &Path, rows: u32) -> zip::result::ZipResult<()> {
    let mut out = ZipWriter::new(File::create(path)?);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let children: Vec<Vec<String>> = (0..rows)
        .map(|i| {
            let (child, parent) = (person(200_000 + i, 2_013, 12), person(300_000 + i, 1_975, 18));
            vec![format!("E{:05}", i + 1), child.name, child.birth, parent.name, parent.mobile]
        })
        .collect();
    let old: Vec<Vec<String>> = (0..rows / 10)
        .map(|i| {
            let p = person(400_000 + i, 1_970, 30);
            vec![p.name, p.mobile]
        })
        .collect();
    let head = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let title = vec![vec!["儿童会员俱乐部名单".to_owned()], Vec::new()];
    let first = sheet(title.into_iter().chain([head(&["编号", "姓名", "出生日期", "监护人姓名", "监护人手机"])]).chain(children));
    let second = sheet([head(&["姓名", "手机号"])].into_iter().chain(old));
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", WORKBOOK),
        ("xl/_rels/workbook.xml.rels", WORKBOOK_RELS),
        ("xl/worksheets/sheet1.xml", first.as_str()),
        ("xl/worksheets/sheet2.xml", second.as_str()),
    ];
    for (name, text) in parts {
        out.start_file(name, options)?;
        out.write_all(text.as_bytes())?;
    }
    out.finish()?.sync_all()?;
    Ok(())
}

fn sheet(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    for (r, row) in (1u32..).zip(rows) {
        let _ = write!(out, "<row r=\"{r}\">");
        for (c, cell) in (b'A'..=b'Z').zip(row) {
            let _ = write!(out, "<c r=\"{}{r}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>", char::from(c));
        }
        out.push_str("</row>");
    }
    out.push_str("</sheetData></worksheet>");
    out
}
