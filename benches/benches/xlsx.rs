//! A workbook of 100,000 rows of which a third goes, whole rows and single cells: seconds and the most memory held.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use benches::{figure, own, size};
use formats::xlsx::{self, Gone};
use sources::{Action, At, Places};
use terms::{Place, StoreKind};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const COLUMNS: [&str; 8] = ["会员编号", "姓名", "手机号", "邮箱", "地址", "余额", "注册日", "备注"];
/// Ordinals of the columns that are emptied where not the whole row goes.
const EMPTIED: [u32; 4] = [1, 2, 3, 4];

fn main() {
    let rows = size("CUSTODY_BENCH_ROWS", 100_000);
    println!("xlsx: a workbook of {rows} rows and {} columns, a third of the rows goes, half of them whole", COLUMNS.len());
    for (what, shared) in [("shared strings", true), ("texts in their cells", false)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("members.xlsx");
        write(&path, rows, shared);
        figure(&format!("{what}: workbook"), std::fs::metadata(&path).unwrap().len() as f64 / 1e6, "MB", "");
        eraser_alone(what, &path, rows);
        through_sources(what, folder.path(), rows);
    }
}

/// What becomes of a row, by its number from 1.
fn goes(row: u64) -> Option<Gone> {
    match row % 6 {
        0 => Some(Gone::Row),
        3 => Some(Gone::Cells(EMPTIED.into())),
        _ => None,
    }
}

/// The eraser of the format, for which rows are told by number.
fn eraser_alone(what: &str, path: &Path, rows: u64) {
    // The heading is row 0.
    let gone = (1..=rows).filter_map(|row| goes(row).map(|g| (u32::try_from(row).unwrap(), g))).collect();
    let out = tempfile::tempfile().unwrap();
    own::forget_peak();
    let began = Instant::now();
    let report = xlsx::erase(File::open(path).unwrap(), out, &[("会员".to_owned(), gone)].into()).unwrap();
    figure(&format!("{what}: the parts rewritten, alone"), began.elapsed().as_secs_f64(), "s", "");
    figure(&format!("{what}: most memory held, alone"), own::peak() as f64 / 1e6, "MB", "");
    assert!(report.cells >= rows / 6 * (COLUMNS.len() + EMPTIED.len()) as u64, "{report:?}");
}

/// As Custody does it: listed, read, each row picked, the workbook rewritten, the old bytes overwritten.
fn through_sources(what: &str, folder: &Path, rows: u64) {
    let mut source = sources::open(StoreKind::Sheets, &Place::new("src1").unwrap(), At::Path(folder.to_path_buf())).unwrap();
    let began = Instant::now();
    let listing = source.list(&mut Places::marked("bench".to_owned())).unwrap();
    let place = listing.datasets[0].place.clone();
    figure(&format!("{what}: listed"), began.elapsed().as_secs_f64(), "s", "");
    let began = Instant::now();
    let read = source.read(&place, &mut |_| Ok(())).unwrap().rows;
    figure(&format!("{what}: read once"), began.elapsed().as_secs_f64(), "s", "");
    assert_eq!(read, rows);
    let columns: Arc<[u32]> = EMPTIED.into();
    let mut row = 0;
    own::forget_peak();
    let began = Instant::now();
    source
        .erase(std::slice::from_ref(&place), &mut |_, _, _| {
            row += 1;
            Ok(match goes(row) {
                Some(Gone::Row) => Action::Delete,
                Some(Gone::Cells(_)) => Action::Overwrite(Arc::clone(&columns), vec![(rows::Tag::Null, Vec::new()); EMPTIED.len()]),
                None => Action::Keep,
            })
        })
        .unwrap();
    source.purge(std::slice::from_ref(&place)).unwrap();
    figure(&format!("{what}: a third of the rows erased"), began.elapsed().as_secs_f64(), "s", "under 10 s");
    figure(&format!("{what}: most memory held"), own::peak() as f64 / 1e6, "MB", "");
    let left = source.read(&place, &mut |_| Ok(())).unwrap().rows;
    assert_eq!(left, rows - rows / 6, "rows that went whole are gone");
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// Writes the parts of a workbook with one sheet, as office programs do (shared strings) or as exporters do (texts in their cells).
fn write(path: &Path, rows: u64, shared: bool) {
    let mut out = ZipWriter::new(BufWriter::with_capacity(1 << 20, File::create(path).unwrap()));
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let rel = |id: &str, kind: &str, target: &str| format!(r#"<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>"#);
    let rels = |all: &[String]| format!(r#"<Relationships xmlns="{PACKAGE}/relationships">{}</Relationships>"#, all.concat());
    for (name, text) in [
        (
            "[Content_Types].xml",
            format!(
                r#"<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/></Types>"#
            ),
        ),
        ("_rels/.rels", rels(&[rel("rId1", "officeDocument", "xl/workbook.xml")])),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="会员" sheetId="1" r:id="rId1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            rels(&[rel("rId1", "worksheet", "worksheets/sheet1.xml"), rel("rId2", "sharedStrings", "sharedStrings.xml")]),
        ),
    ] {
        part(&mut out, name);
        out.write_all(text.as_bytes()).unwrap();
    }
    let mut strings = Strings::default();
    part(&mut out, "xl/worksheets/sheet1.xml");
    write!(out, r#"<worksheet xmlns="{MAIN}"><sheetData>"#).unwrap();
    let mut cells = String::new();
    for row in 0..=rows {
        cells.clear();
        texts(row)
            .into_iter()
            .zip('A'..)
            .for_each(|(text, column)| cell(&mut cells, column, row + 1, text, shared.then_some(&mut strings)));
        write!(out, r#"<row r="{}">{cells}</row>"#, row + 1).unwrap();
    }
    write!(out, "</sheetData></worksheet>").unwrap();
    part(&mut out, "xl/sharedStrings.xml");
    write!(out, r#"<sst xmlns="{MAIN}" uniqueCount="{}">"#, strings.all.len()).unwrap();
    strings.all.iter().for_each(|text| write!(out, "<si><t>{text}</t></si>").unwrap());
    write!(out, "</sst>").unwrap();
    out.finish().unwrap();
}

fn part(out: &mut ZipWriter<BufWriter<File>>, name: &str) {
    out.start_file(name, SimpleFileOptions::default()).unwrap();
}

/// The texts of a row; a number stands where the text is one.
fn texts(row: u64) -> [String; 8] {
    if row == 0 {
        return COLUMNS.map(str::to_owned);
    }
    [
        format!("H{row:08}"),
        format!("会员{row}"),
        format!("T139{:08}", row * 7_919 % 100_000_000),
        format!("member{row}@example.com"),
        format!("某市某区某路{}号{row}室", row % 997),
        format!("{}", row % 5_000),
        format!("{}", 43_000 + row % 2_000),
        format!("第{}次回访，满意", row % 31),
    ]
}

/// Texts of which each stands once.
#[derive(Default)]
struct Strings {
    all: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Strings {
    fn number(&mut self, text: String) -> usize {
        *self.numbers.entry(text).or_insert_with_key(|text| {
            self.all.push(text.clone());
            self.all.len() - 1
        })
    }
}

fn cell(out: &mut String, column: char, row: u64, text: String, strings: Option<&mut Strings>) {
    out.push_str(&match strings {
        _ if text.bytes().all(|b| b.is_ascii_digit()) => format!(r#"<c r="{column}{row}"><v>{text}</v></c>"#),
        None => format!(r#"<c r="{column}{row}" t="inlineStr"><is><t>{text}</t></is></c>"#),
        Some(strings) => format!(r#"<c r="{column}{row}" t="s"><v>{}</v></c>"#, strings.number(text)),
    });
}
