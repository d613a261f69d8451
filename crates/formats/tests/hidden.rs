//! Copies of one number where they hide: each is read, or what holds it is named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{Cursor, Write as _};

use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compression, GzBuilder};
use formats::{Limits, Reason, leaves};
use zip::write::SimpleFileOptions;

const NUMBER: &str = "13900000007";
const NAME: &str = "上海市徐汇区漕溪北路7号";

type Heard = (String, Vec<(String, Reason)>);

/// Texts of all leaves, and what was not read, with its path.
fn heard(name: &str, bytes: &[u8]) -> Heard {
    let (mut text, mut reasons) = (String::new(), Vec::new());
    leaves(name, Cursor::new(bytes), Limits::default(), &mut |leaf| {
        text.extend(leaf.path.iter().map(String::as_str));
        match leaf.text {
            Ok(own) => text.push_str(&own),
            Err(reason) => reasons.push((leaf.path.join("/"), reason)),
        }
        Ok(())
    })
    .unwrap();
    (text, reasons)
}

/// All of them have the number (or the value told), and nothing is unread.
fn all_read(cases: &[(&str, Vec<u8>, &str)]) {
    for (name, bytes, value) in cases {
        let (text, reasons) = heard(name, bytes);
        assert!(text.contains(value) && reasons.is_empty(), "{name}: {text:.300} {reasons:?}");
    }
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o640);
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

fn docx(runs: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let body = format!("<w:document xmlns:w=\"w\"><w:body><w:p>{runs}</w:p></w:body></w:document>");
    let own: [(&str, &[u8]); 2] = [("[Content_Types].xml", b"<Types/>"), ("word/document.xml", body.as_bytes())];
    zip(&[&own, more].concat())
}

fn xlsx(rows: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let book = format!("<workbook xmlns:r=\"{relations}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
    let related = format!(
        "<Relationships><Relationship Id=\"rId1\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let own: [(&str, &[u8]); 4] = [
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", related.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    zip(&[&own, more].concat())
}

#[test]
fn texts_are_whole_in_pages() {
    let page = |body: &str| body.as_bytes().to_vec();
    all_read(&[
        ("bare.html", page("<p>call &#49&#51&#57&#48&#48&#48&#48&#48&#48&#48&#55 </p>"), NUMBER),
        ("zeros.html", page("<p>&#00000000000000000000049;3900000007</p>"), NUMBER),
        ("hex.html", page("<p>&#x31;3900000007</p>"), NUMBER),
        ("unquoted.html", page("<a href=tel:&#49;3900000007>call</a>"), NUMBER),
        ("bare_word.html", page("<a 13900000007>call</a>"), NUMBER),
        ("less.html", page("<p>if x < 13900000007 then</p>"), NUMBER),
        ("comment.html", page("<!-- 1390000<b>0007 -->"), NUMBER),
        ("label.html", page("<label>139</label><code>0000</code>0007"), NUMBER),
        ("percent.html", page("<a href='mailto:member.7%40example.com'>mail</a>"), "member.7@example.com"),
        ("quote.html", page("<a title='a>b &#49;3900000007'>mail</a>"), NUMBER),
        ("cdata.xml", page("<?xml version='1.0'?><a><![CDATA[139]]>0000<![CDATA[0007 <x>]]></a>"), NUMBER),
        ("gb.xml", [b"<?xml version='1.0' encoding='GB2312'?><a>".as_slice(), b"\xb5\xe7\xbb\xb0</a>"].concat(), "电话"),
    ]);
    let mixed = heard("mixed.html", b"<meta charset=utf-8><p>13900000007 \xff\xfe</p>");
    assert!(mixed.0.contains(NUMBER) && mixed.1 == [(String::new(), Reason::BadEncoding)], "{mixed:?}");
    let declared = page("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY n '1390000'>]><a>&n;0007</a>");
    assert_eq!(heard("entity.xml", &declared).1, [(String::new(), Reason::EntityBomb)]);
}

#[test]
fn escapes_are_undone_in_texts_of_any_kind() {
    let address = "\\u4e0a\\u6d77\\u5e02\\u5f90\\u6c47\\u533a\\u6f15\\u6eaa\\u5317\\u8def7\\u53f7";
    let inner = format!("{{\"addr\": \"{address}\"}}");
    let twice = serde_json::json!([{ "payload": serde_json::json!({ "more": inner }).to_string() }]).to_string();
    all_read(&[
        ("a.log", format!("2026 INFO {inner}\n").into_bytes(), NAME),
        ("a.csv", format!("id,payload\n1,\"{{\"\"addr\"\": \"\"{address}\"\"}}\"\n").into_bytes(), NAME),
        ("twice.json", twice.into_bytes(), NAME),
        ("pair.log", b"\\ud83d\\ude00 \\u0031\\u0033900000007".to_vec(), "\u{1f600} 13900000007"),
        ("access.log", b"GET /?m=member.7%40example.com&n=%E4%B8%8A%E6%B5%B7 200\n".to_vec(), "member.7@example.com&n=上海"),
        ("colour.log", b"\x1b[31m1390000\x1b[0m\x1b[1;32m0007\x1b[0m\n".to_vec(), NUMBER),
        ("a.ldif", b"dn: cn=x\nmobile:: MTM5MDAw\n MDAwMDc=\n".to_vec(), NUMBER),
    ]);
}

/// The mark between a package's text and what its program writes beside it stands in no text of another kind.
#[test]
fn no_text_has_the_mark_of_a_package() {
    let note = "many words ".repeat(20_000) + "x\x1fy 13900000007";
    let texts: [(&str, &[u8]); 4] = [
        ("note.txt", note.as_bytes()),
        ("page.html", b"<p>x&#31;y 13900000007</p>"),
        ("list.json", b"[{\"n\": \"x\\u001fy 13900000007\"}]"),
        ("link.txt", b"a long enough line of words before the mark\nx%1Fy 13900000007"),
    ];
    for (name, bytes) in texts {
        let (text, _) = heard(name, bytes);
        assert!(text.contains("13900000007") && !text.contains(formats::PROGRAMS_OWN), "{name}: {text:?}");
    }
}

#[test]
fn what_programs_write_into_every_package_stands_behind_its_text() {
    let styles = "<s uri=\"{28A0092B-C50C-407E-A947-70E740481C1C}\"><tableStyles defaultTableStyle=\"TableStyleMedium9\" defaultPivotStyle=\"PivotStyleLight16\"/></s>";
    let relations = "<Relationships><Relationship Target=\"mailto:member.7@example.com\" TargetMode=\"External\"/></Relationships>";
    let own: &[(&str, &[u8])] = &[("xl/styles.xml", styles.as_bytes()), ("xl/worksheets/_rels/sheet1.xml.rels", relations.as_bytes())];
    let row = "<row r=\"1\"><c r=\"A1\" descr=\"see 13900000008\" other=\"see 13900000009\"><v>13900000007</v></c></row>";
    let (text, reasons) = heard("book.xlsx", &xlsx(row, own));
    let (before, behind) = text.split_once(formats::PROGRAMS_OWN).unwrap();
    for word in ["13900000007", "member.7@example.com", "13900000008"] {
        assert!(before.contains(word), "{word}: {text}");
    }
    for word in ["TableStyleMedium9", "PivotStyleLight16", "28A0092B", "worksheets/sheet1.xml", "13900000009"] {
        assert!(behind.contains(word) && !before.contains(word), "{word}: {text}");
    }
    assert!(reasons.is_empty(), "{reasons:?}");
}

#[test]
fn properties_are_read_one_by_one_and_times_are_nobodys() {
    let core = b"<p><creator>office</creator><d:created>2026-08-02T10:20:30.1234567Z</d:created><modified>2026-08-02T10:20:30Z</modified><lastModifiedBy>139</lastModifiedBy></p>";
    let (text, reasons) = heard("a.docx", &docx("", &[("docProps/core.xml", core)]));
    let (before, behind) = text.split_once(formats::PROGRAMS_OWN).unwrap();
    assert!(before.contains("office\n") && before.contains("\n139\n"), "{before}");
    let prose = b"<p><r><t>1390000</t></r><r><t>0007</t></r><created>139<!-- -->000&#48;<![CDATA[0008]]></created></p>";
    for (part, words) in [("customXml/item1.xml", ["13900000007", "13900000008"]), ("word/footer1.xml", ["13900000007", "13900000008"])] {
        let (text, _) = heard("a.docx", &docx("", &[(part, prose)]));
        assert!(words.iter().all(|word| text.contains(word)), "{part}: {text}");
    }
    assert!(behind.contains("2026-08-02T10:20:30.1234567Z\n2026-08-02T10:20:30Z") && !before.contains("2026"), "{text}");
    assert!(reasons.is_empty(), "{reasons:?}");
}

#[test]
fn documents_are_read_with_all_that_lies_in_them() {
    let inner = docx("<w:r><w:t>13900000007</w:t></w:r>", &[]);
    let book = xlsx("<row r=\"1\"><c r=\"A1\"><v>1.3900000007E10</v></c></row>", &[]);
    let wide: Vec<u8> = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><p>13900000007</p>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = [b"\xff\xfe".as_slice(), &wide].concat();
    let cell = |text: &str| xlsx(&format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is>{text}</is></c></row>"), &[]);
    let drawing = b"<d xmlns:a='a'><a:p><a:r><a:t>1390000</a:t></a:r><a:r><a:t>0007</a:t></a:r></a:p></d>";
    let mut commented = zip::ZipWriter::new_append(Cursor::new(cell(""))).unwrap();
    commented.set_comment(NUMBER).unwrap();
    let devices: Vec<u8> = "call 13900000007".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let link = b"<Relationships><Relationship Id='r' Target='mailto:member.7%40example.com'/></Relationships>";
    all_read(&[
        ("embedded.docx", docx("", &[("word/embeddings/b.xlsx", &book)]), NUMBER),
        ("embedded.xlsx", xlsx("", &[("xl/embeddings/d.docx", &inner)]), NUMBER),
        ("alternative.docx", docx("", &[("word/afchunk.htm", b"<p>139<b>0000</b>0007</p>")]), NUMBER),
        ("printer.xlsx", xlsx("", &[("xl/printerSettings/printerSettings1.bin", &devices)]), NUMBER),
        ("no_printer.xlsx", xlsx("", &[("xl/printerSettings.txt", b"13900000007")]), NUMBER),
        ("wide.docx", docx("", &[("docProps/custom.xml", &wide)]), NUMBER),
        ("link.docx", docx("", &[("word/_rels/document.xml.rels", link)]), "member.7@example.com"),
        ("instruction.docx", docx("<!-- &#49;3900000007 --><w:x a='Fifth Street 7'/>", &[]), NUMBER),
        ("attribute.docx", docx("<w:x a='Fifth Street 7'/>", &[]), "Fifth Street 7"),
        ("exponent.xlsx", book.clone(), NUMBER),
        ("rich.xlsx", cell("<r><t>139</t></r><r><rPr><b val='none'/></rPr><t>0000</t></r><r><t>0007</t></r>"), NUMBER),
        ("escaped.xlsx", cell("<t>_x0031_3900000007</t>"), NUMBER),
        ("box.xlsx", xlsx("", &[("xl/drawings/drawing1.xml", drawing)]), NUMBER),
        ("comment.xlsx", commented.finish().unwrap().into_inner(), NUMBER),
    ]);
    let parts: [(&str, &[u8], Reason); 2] =
        [("word/media/p.png", b"\x89PNG\r\n", Reason::NoText), ("word/embeddings/o.bin", b"\x01\x02\x00", Reason::UnknownKind)];
    for (name, bytes, reason) in parts {
        assert_eq!(heard("a.docx", &docx("", &[(name, bytes)])).1, [(name.to_owned(), reason)]);
    }
}

#[test]
fn old_workbooks_are_read_beside_their_cells() {
    let old = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cases/files/good/old.xls");
    let mut bytes = std::fs::read(old).unwrap();
    let wide: Vec<u8> = NUMBER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.extend([wide.as_slice(), &[0; 511], b"member.7@example.com", &[0; 512]].concat());
    all_read(&[("a.xls", bytes.clone(), NUMBER), ("a.xls", bytes, "member.7@example.com")]);
}

#[test]
fn packages_without_a_reader_of_their_own_are_named_and_read_where_they_can_be() {
    let slide = b"<p:sld xmlns:a='a'><a:p><a:r><a:t>139</a:t></a:r><a:r><a:t>00000007</a:t></a:r></a:p></p:sld>";
    let writing = b"<o xmlns:t='t'><t:p>139<t:span t:style-name='T1'>0000</t:span>0007</t:p></o>";
    let of = |kind: &str| format!("application/vnd.oasis.opendocument.{kind}").into_bytes();
    for (name, bytes) in [
        ("a.pptx", zip(&[("[Content_Types].xml", b"<Types/>"), ("ppt/slides/slide1.xml", slide)])),
        ("slides.zip", zip(&[("[Content_Types].xml", b"<Types/>"), ("ppt/slides/slide1.xml", slide)])),
        ("a.odt", zip(&[("mimetype", &of("text")), ("content.xml", writing)])),
        ("text.zip", zip(&[("mimetype", &of("spreadsheet")), ("content.xml", writing)])),
    ] {
        let (text, reasons) = heard(name, &bytes);
        assert!(text.contains(NUMBER) && reasons == [(String::new(), Reason::UnknownKind)], "{name}: {text} {reasons:?}");
    }
}

#[test]
fn names_of_members_are_read_in_their_own_encoding() {
    let raw = b"\xd0\xec\xbb\xe3\xc7\xf8.txt";
    let mut member = zip(&[("xxxxxx.txt", b"hello")]);
    while let Some(at) = member.windows(10).position(|w| w == b"xxxxxx.txt") {
        member[at..at + 10].copy_from_slice(raw);
    }
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..10].copy_from_slice(raw);
    header.set_size(5);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, b"hello".as_slice()).unwrap();
    all_read(&[("a.zip", member, "徐汇区"), ("a.tar", archive.into_inner().unwrap(), "徐汇区")]);
}

#[test]
fn letters_are_read_with_their_headers_their_files_and_what_stands_beside_parts() {
    let head = "From: a@example.org\nTo: b@example.org\nSubject: x\n";
    let letter = |more: &str| (head.to_owned() + more).into_bytes();
    let mixed = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n";
    all_read(&[
        ("word.eml", letter("X-Note: =?utf-8?B?Y2FsbCAxMzkwMDAwMDAwNw==?=\n\nhello\n"), NUMBER),
        (
            "way.eml",
            letter("Received: from x by y for <member.7@example.com>; Mon, 1 Jan 2024 00:00:00 +0000\n\nhello\n"),
            "member.7@example.com",
        ),
        ("name.eml", letter("Content-Type: text/plain; x-name=\"13900000007\"\n\nhello\n"), NUMBER),
        ("uu.eml", letter("\nhello\n\nbegin 644 a.txt\n98V%L;\" Q,SDP,# P,# P-R!T;VUO<G)O=P\n`\nend\n"), NUMBER),
        ("before.eml", letter(&format!("{mixed}before 13900000007\n--b\n\nhello\n--b--\n")), NUMBER),
        ("behind.eml", letter(&format!("{mixed}--b\n\nhello\n--b--\nbehind 13900000007\n")), NUMBER),
        ("no_from.mbox", letter("Content-Transfer-Encoding: quoted-printable\n\ncall 139000=\n00007\n"), NUMBER),
        (
            "first.mbox",
            letter("Content-Transfer-Encoding: base64\n\nMTM5MDAwMDAwMDc=\n\nFrom x Mon\nFrom: a@example.org\nSubject: x\n\nhello\n"),
            NUMBER,
        ),
    ]);
    // Characters of an encoding that nobody told.
    let address = [0xd0, 0xec, 0xbb, 0xe3, 0xc7, 0xf8, b'7', 0xba, 0xc5, b'\n'];
    let quoted: String = address.iter().map(|b| if b.is_ascii() { char::from(*b).to_string() } else { format!("={b:02X}") }).collect();
    all_read(&[
        ("untold.eml", [letter("\n"), address.to_vec()].concat(), "徐汇区7号"),
        (
            "wrong.eml",
            letter(&format!("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n{quoted}")),
            "徐汇区7号",
        ),
    ]);
    let broken = heard("uu.eml", &letter("\nbegin 644 a.txt\n\u{7f}\u{7f}\u{7f}\nend\n")).1;
    assert_eq!(broken, [("a.txt".to_owned(), Reason::Damaged)]);
}

fn pdf(more: &[Vec<u8>], catalog: &str) -> Vec<u8> {
    let content = b"BT /F1 12 Tf 20 200 Td (hello world) Tj ET";
    let own: [Vec<u8>; 5] = [
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>").into_bytes(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_vec(),
        stream("", content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec(),
    ];
    let (mut out, mut offsets) = (b"%PDF-1.4\n".to_vec(), String::new());
    let all: Vec<&Vec<u8>> = own.iter().chain(more).collect();
    for (i, object) in all.iter().enumerate() {
        offsets += &format!("{:010} 00000 n \n", out.len());
        out.extend([format!("{} 0 obj\n", i + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let (table, size) = (out.len(), all.len() + 1);
    let end = format!("xref\n0 {size}\n0000000000 65535 f \n{offsets}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n");
    out.extend(end.as_bytes());
    out
}

fn stream(fields: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!("<<{fields}/Length {}>>stream\n", bytes.len());
    [head.as_bytes(), bytes, b"\nendstream"].concat()
}

#[test]
fn documents_in_pages_are_read_beside_their_pages() {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(b"call 13900000007").unwrap();
    let packed = packed.finish().unwrap();
    let file = b"<</Type/Filespec/F(x.txt)/EF<</F 7 0 R>>>>".to_vec();
    let names = "/Names<</EmbeddedFiles<</Names[(x) 6 0 R]>>>>";
    let attached = |fields: &str| pdf(&[file.clone(), stream(&format!("/Type/EmbeddedFile{fields}"), &packed)], names);
    let note = b"<</Type/Annot/Subtype/Text/Contents<3133393030303030303037>>>".to_vec();
    all_read(&[
        ("attached.pdf", attached("/Filter/FlateDecode"), NUMBER),
        ("said.pdf", pdf(&[stream("/Type/Metadata/Subtype/XML/Filter/FlateDecode", &packed)], "/Metadata 6 0 R"), NUMBER),
        ("note.pdf", pdf(&[note], ""), NUMBER),
    ]);
    let unknown = heard("other.pdf", &attached("/Filter/Crypt")).1;
    assert_eq!(unknown, [("attachment 1".to_owned(), Reason::UnknownKind)]);
    let picture = stream("/Type/XObject/Subtype/Image/Width 100/Height 100", b"1234");
    assert_eq!(heard("picture.pdf", &pdf(&[picture], "")).1, [("pictures".to_owned(), Reason::NoText)]);
}

#[test]
fn what_lies_beside_members_is_named_and_read_where_it_can_be() {
    let one = zip(&[("m.txt", b"hello hello")]);
    let other = zip(&[("n.txt", &b"call 13900000007 ".repeat(5))]);
    let note = b"a note behind: 13900000007".as_slice();
    let (first, second) = (tar(&[("a.txt", b"hello")]), tar(&[("b.txt.gz", &gz(b"13900000007"))]));
    let cases = [
        ("before.zip", [&other, one.as_slice()].concat()),
        ("behind.zip", [&one, note].concat()),
        ("a.tar", [first.as_slice(), &second].concat()),
        ("text.tar", [first.as_slice(), note].concat()),
        ("a.txt.gz", [gz(b"hello").as_slice(), note].concat()),
        ("b.txt.gz", [gz(b"hello").as_slice(), &other].concat()),
    ];
    for (name, bytes) in cases {
        let (text, reasons) = heard(name, &bytes);
        let named = reasons.iter().all(|(_, r)| *r == Reason::TrailingBytes) && !reasons.is_empty();
        assert!(named && text.contains(NUMBER), "{name} {text} {reasons:?}");
    }
    let mut said = GzBuilder::new().comment(NUMBER).filename("x.txt").write(Vec::new(), Compression::default());
    said.write_all(b"hello").unwrap();
    let renamed = GzBuilder::new().filename("13900000007.csv").write(Vec::new(), Compression::default());
    let plain = GzBuilder::new().filename("list.csv").write(Vec::new(), Compression::default()).finish().unwrap();
    assert_eq!(heard("renamed.gz", &plain), ("renamed".to_owned(), Vec::new()), "a usual name is no leaf of its own");
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_pax_extensions([("comment", NUMBER.as_bytes())]).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(5);
    archive.append_data(&mut header, "a.txt", b"hello".as_slice()).unwrap();
    all_read(&[("y.gz", renamed.finish().unwrap(), NUMBER)]);
    all_read(&[("x.txt.gz", said.finish().unwrap(), NUMBER), ("a.tar", archive.into_inner().unwrap(), NUMBER)]);
}

#[test]
fn small_gaps_of_archives_are_no_descriptors() {
    let mut out = zip::ZipWriter::new_stream(Vec::new());
    for name in ["a.txt", "b.txt", "c.txt"] {
        out.start_file(name, SimpleFileOptions::default()).unwrap();
        out.write_all(if name == "b.txt" { b"" } else { b"hello" }).unwrap();
    }
    assert_eq!(heard("a.zip", &out.finish().unwrap().into_inner()).1, []);
    let one = zip(&[("a.txt", b"hello")]);
    let at = one.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let mut gap = [&one[..at], b"13900000007", &one[at..]].concat();
    let end = gap.windows(4).position(|w| w == b"PK\x05\x06").unwrap();
    gap[end + 16..end + 20].copy_from_slice(&u32::try_from(at + 11).unwrap().to_le_bytes());
    assert!(heard("a.zip", &gap).1.iter().any(|r| r.1 == Reason::TrailingBytes), "eleven bytes between member and directory");
}

#[test]
fn what_is_text_only_in_part_is_named_and_what_is_text_is_read() {
    let head = b"#!/bin/sh\necho hello world\n".repeat(300);
    let wide = |text: &str| -> Vec<u8> { text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect() };
    let controls = [head.as_slice(), &[1, 2, 3, 4, 5, 6, 7, 8].repeat(10)].concat();
    for (name, bytes) in [
        ("install.sh", [head.as_slice(), &gz(&b"call 13900000007".repeat(50))].concat()),
        ("controls.txt", controls),
        ("cut.txt", [b"\xff\xfe\0\0".as_slice(), &wide("call 13900000007"), b"x"].concat()),
        ("backup.txt.age", b"age-encryption.org/v1\n-> X25519 and so on".to_vec()),
        ("letter.asc", b"-----BEGIN PGP MESSAGE-----\n\nand so on".to_vec()),
        ("rtf.csv", b"{\\rtf1 \\'31\\'33900000007}".to_vec()),
        ("a.bz2.txt", b"BZh91AY&SYabcdefgh".to_vec()),
        ("a.db", b"SQLite format 3\0abc".to_vec()),
    ] {
        let reasons = heard(name, &bytes).1;
        assert!(matches!(reasons.as_slice(), [(_, Reason::BadEncoding | Reason::UnknownKind)]), "{name}: {reasons:?}");
    }
    let big: Vec<u8> = "\u{feff}13900000007".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
    let chinese = [b"2026 INFO started\n".repeat(100).as_slice(), b"\xb5\xe7\xbb\xb0 13900000007\r\n"].concat();
    all_read(&[
        ("long.log", chinese, "电话"),
        ("wide.txt", [b"\xff\xfe\0\0".as_slice(), &wide("call 13900000007")].concat(), NUMBER),
        ("big.txt", big, NUMBER),
        ("~$backup.zip", zip(&[("n.txt", b"call 13900000007")]), NUMBER),
        ("~$x.docx", [b"\x04name 13900000007".as_slice(), &[0; 100]].concat(), NUMBER),
        ("dos.txt", [head.as_slice(), b"13900000007\r\n\x1a"].concat(), NUMBER),
        ("french.txt", "Müller à côté de l'hôtel 13900000007".chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(), NUMBER),
        ("packed.json", zip(&[("n.txt", b"call 13900000007")]), NUMBER),
    ]);
}
