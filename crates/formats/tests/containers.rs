//! What lies where a reader does not expect it is read or named, and a container that is written anew loses nothing but what goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::io::{Cursor, Write as _};

use formats::{Fate, Fates, Limits, Reason, leaves, without};

/// Texts of all leaves, and reasons.
fn heard(name: &str, bytes: &[u8]) -> (String, Vec<Reason>) {
    let (mut text, mut reasons) = (String::new(), Vec::new());
    leaves(name, Cursor::new(bytes), Limits::default(), &mut |leaf| {
        match leaf.text {
            Ok(own) => text.push_str(&own),
            Err(reason) => reasons.push(reason),
        }
        Ok(())
    })
    .unwrap();
    (text, reasons)
}

fn rewritten(name: &str, bytes: &[u8], gone: &str, limits: Limits) -> Result<Vec<u8>, Reason> {
    let fates: Fates = [(vec![gone.to_owned()], Fate::Gone)].into();
    let mut out = Vec::new();
    without(name, Cursor::new(bytes), &mut out, &fates, limits).map(|_| out)
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(bytes).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        out.append_pax_extensions([("SCHILY.xattr.user.tag", b"kept".as_slice())]).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_700_000_123);
        header.set_mode(0o640);
        out.append_data(&mut header, name, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

#[test]
fn members_of_a_tar_that_stay_keep_every_byte_and_header() {
    let long = vec![b'x'; 5_000];
    let (all, rest) = (tar(&[("gone.txt", b"13900000007"), ("film.mp4", &long)]), tar(&[("film.mp4", &long)]));
    let limits = Limits { member_bytes: 1_000, ..Limits::default() };
    assert!(rewritten("a.tar", &all, "gone.txt", limits).unwrap() == rest, "as if it had never been there");
}

#[test]
fn two_archives_in_one_file_are_named_and_never_cut() {
    let of = |make: &dyn Fn(&[(&str, &[u8])]) -> Vec<u8>| {
        [make(&[("a.txt", b"first text")]), make(&[("b.txt", b"second 13900000007")])].concat()
    };
    for (name, bytes, gone) in [("a.tar", of(&tar), "a.txt"), ("a.zip", of(&zip), "b.txt")] {
        assert!(heard(name, &bytes).1.contains(&Reason::TrailingBytes), "{name}");
        assert_eq!(rewritten(name, &bytes, gone, Limits::default()).unwrap_err(), Reason::WholeFileOnly, "{name}");
    }
    let one = zip(&[("a.txt", b"first text"), ("b.txt", b"second text")]);
    assert_eq!(heard("a.zip", &one).1, []);
    assert!(rewritten("a.zip", &one, "b.txt", Limits::default()).is_ok());
}

#[test]
fn what_stands_before_the_first_mail_is_read_and_stays() {
    let mail = "From a@example.org Mon Jan  1 00:00:00 2024\nFrom: a@example.org\nSubject: one\n\nbody 13900000007\n";
    let bytes = format!("exported by hand\n\n{mail}");
    let (text, reasons) = heard("box.mbox", bytes.as_bytes());
    assert!(text.contains("exported by hand") && text.contains("13900000007") && reasons.is_empty(), "{text}");
    let mut letter = String::new();
    leaves("box.mbox", Cursor::new(bytes.as_bytes()), Limits::default(), &mut |leaf| {
        letter = leaf.path.join("/");
        Ok(())
    })
    .unwrap();
    assert_eq!(rewritten("box.mbox", bytes.as_bytes(), &letter, Limits::default()).unwrap(), b"exported by hand\n\n");
    assert!(heard("box.mbox", b"no mail at all, 13900000007").0.contains("13900000007"));
}

#[test]
fn a_text_is_whole_whatever_cuts_it() {
    let body = |runs: &str| {
        let xml = format!("<w:document xmlns:w=\"w\"><w:body><w:p>{runs}</w:p></w:body></w:document>");
        zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", xml.as_bytes())])
    };
    let docx = body("<w:r w:rsidR=\"00112233\"><w:t>1390000</w:t></w:r><w:r w:rsidR=\"00445566\"><w:t>0007</w:t></w:r>");
    let outer = zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", b"<w:document xmlns:w='w'><w:body/></w:document>"),
        ("word/embeddings/inner.docx", &docx),
    ]);
    let cases: [(&str, &[u8]); 13] = [
        ("run.docx", &docx),
        ("outer.docx", &outer),
        ("span.html", b"<p>1390000<span class='phone-part'>0007</span></p>"),
        ("entity.html", b"<p>&#49;3900000007</p>"),
        ("open.html", b"<p>&#49 3900000007</p><p>&#x31 3900000007 &#493900000007</p><b>&#0000049;3900000007</b>"),
        ("attribute.html", b"<a href=tel:13900000007>call</a>"),
        ("percent.html", b"<a href='x?n=%31%33900000007'>call</a>"),
        ("comment.html", b"<!-- &#49;3900000007 --><p>x</p>"),
        ("feed.xml", b"<?xml version='1.0'?><a><n>&#49;3900000007</n></a>"),
        ("short.txt", b"\xb5\xe7\xbb\xb0 13900000007"),
        ("list.csv", b"a,b\n1,13900000007\n"),
        ("packed.csv", &zip(&[("x.txt", b"call 13900000007")])),
        ("gz.txt", &[0x1f, 0x8b]),
    ];
    for (name, bytes) in cases.iter().take(12) {
        let (text, reasons) = heard(name, bytes);
        assert!(text.contains("13900000007"), "{name}: {text:?} {reasons:?}");
    }
    assert!(!heard(cases[12].0, cases[12].1).1.is_empty(), "a stream that is cut off is named");
}

#[test]
fn what_has_no_decoder_is_named() {
    let slides = zip(&[("[Content_Types].xml", b"<Types/>"), ("ppt/slides/slide1.xml", b"<p>1390000<r/>0007</p>")]);
    let writing = zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<p>1390000<s/>0007</p>")]);
    let tail = [b"name,phone\nA,1\n".repeat(500).as_slice(), &[0, 1, 2, 0, 200, 0, 255, 3]].concat();
    let lock = [b"\x03abc".as_slice(), &[0; 5_000]].concat();
    let cases: [(&str, &[u8]); 5] =
        [("s.pptx", &slides), ("w.odt", &writing), ("r.rtf", b"{\\rtf1 \\'31\\'33900000007}"), ("t.csv", &tail), ("~$x.docx", &lock)];
    for (name, bytes) in cases {
        let (_, reasons) = heard(name, bytes);
        assert!(reasons.iter().any(|r| matches!(r, Reason::UnknownKind | Reason::BadEncoding)), "{name}: {reasons:?}");
    }
}

#[test]
fn signs_of_entities_without_end_cost_no_more_than_others() {
    let page = "&".repeat(4 << 20);
    assert_eq!(heard("x.html", page.as_bytes()).0, page);
}

#[test]
fn what_the_header_of_a_stream_says_goes_alone() {
    let mut gz = flate2::GzBuilder::new().filename("Lee 13900000007.tar").write(Vec::new(), flate2::Compression::default());
    let inner = tar(&[("a.txt", b"13900000008")]);
    gz.write_all(&inner).unwrap();
    let left = rewritten("team.tar.gz", &gz.finish().unwrap(), "(comment)", Limits::default()).unwrap();
    assert!(!left.windows(11).any(|w| w == b"13900000007"));
    assert!(heard("team.tar.gz", &left).0.contains("13900000008"), "whatever else is in it stays");
}

/// What a member or a stream is without what lies in it.
type Said = (String, Option<u32>, Option<zip::DateTime>);

fn said(bytes: &[u8], member: &str) -> Said {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let file = archive.by_name(member).unwrap();
    (file.comment().to_owned(), file.unix_mode(), file.last_modified())
}

fn rewritten_within(name: &str, bytes: &[u8], gone: &[&str]) -> Result<Vec<u8>, Reason> {
    let fates: Fates = [(gone.iter().map(|s| (*s).to_owned()).collect(), Fate::Gone)].into();
    let mut out = Vec::new();
    without(name, Cursor::new(bytes), &mut out, &fates, Limits::default()).map(|_| out)
}

#[test]
fn a_stream_of_one_document_goes_with_it() {
    let packed = |bytes: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(bytes).unwrap();
        gz.finish().unwrap()
    };
    let note = packed(b"13900000007");
    let gone = |name: &str, bytes: &[u8], path: &[&str], fate: Fate| {
        let fates: Fates = [(path.iter().map(|s| (*s).to_owned()).collect(), fate)].into();
        let mut out = Vec::new();
        (without(name, Cursor::new(bytes), &mut out, &fates, Limits::default()).unwrap(), out)
    };
    assert_eq!(gone("note.txt.gz", &note, &["note.txt"], Fate::Gone), (false, Vec::new()));
    assert_eq!(gone("note.txt.gz.gz", &packed(&note), &["note.txt.gz", "note.txt"], Fate::Gone), (false, Vec::new()));
    let (stays, emptied) = gone("note.txt.gz", &note, &["note.txt"], Fate::Emptied);
    assert!(stays && heard("note.txt.gz", &emptied).0.is_empty() && !emptied.is_empty());
    let mut plain = tar::Builder::new(Vec::new());
    for (member, bytes) in [("note.txt.gz", note.as_slice()), ("kept.txt", b"kept")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        plain.append_data(&mut header, member, bytes).unwrap();
    }
    for (name, bytes) in [("a.zip", zip(&[("note.txt.gz", &note), ("kept.txt", b"kept")])), ("a.tar", plain.into_inner().unwrap())] {
        let (stays, left) = gone(name, &bytes, &["note.txt.gz", "note.txt"], Fate::Gone);
        assert!(stays && heard(name, &left).0.contains("kept") && !left.windows(7).any(|w| w == b"note.tx"), "{name}");
    }
}

#[test]
fn nothing_goes_that_is_not_meant_for_sure() {
    // Added under a name that is there already, as `tar -r` does.
    let twice = tar(&[("note.txt", b"first 13900000007"), ("kept.txt", b"kept"), ("note.txt", b"second 13900000008")]);
    assert_eq!(rewritten("a.tar", &twice, "note.txt", Limits::default()).unwrap_err(), Reason::WholeFileOnly);
    assert!(rewritten("a.tar", &twice, "kept.txt", Limits::default()).is_ok());
    // What the header of a stream says is a row of its own: it stays when the document alone goes.
    let mut gz = flate2::GzBuilder::new().comment("for Lee 13900000009").write(Vec::new(), flate2::Compression::default());
    gz.write_all(b"13900000007").unwrap();
    let left = rewritten("note.txt.gz", &gz.finish().unwrap(), "note.txt", Limits::default()).unwrap();
    let (text, _) = heard("note.txt.gz", &left);
    assert!(text.contains("13900000009") && !text.contains("13900000007"), "{text}");
    let mut outer = flate2::GzBuilder::new().comment("for Lee 13900000009").write(Vec::new(), flate2::Compression::default());
    let mut inner = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    inner.write_all(b"13900000007").unwrap();
    outer.write_all(&inner.finish().unwrap()).unwrap();
    let left = rewritten_within("note.txt.gz.gz", &outer.finish().unwrap(), &["note.txt.gz", "note.txt"]).unwrap();
    assert!(heard("note.txt.gz.gz", &left).0.contains("13900000009"));
}

#[test]
fn what_is_written_anew_keeps_its_date_its_rights_and_its_comment() {
    let inner = zip(&[("gone.txt", b"13900000007"), ("kept.txt", b"kept")]);
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .unix_permissions(0o640)
        .last_modified_time(zip::DateTime::from_date_and_time(2019, 4, 1, 12, 30, 0).unwrap())
        .into_full_options()
        .with_file_comment("the copy of Lee 13900000008");
    out.start_file("inner.zip", options).unwrap();
    out.write_all(&inner).unwrap();
    let outer = out.finish().unwrap().into_inner();

    let left = rewritten_within("outer.zip", &outer, &["inner.zip", "gone.txt"]).unwrap();
    assert_eq!(said(&left, "inner.zip"), said(&outer, "inner.zip"));
    assert!(heard("outer.zip", &left).0.contains("kept") && !heard("outer.zip", &left).0.contains("13900000007"));
    let left = rewritten_within("outer.zip", &outer, &["inner.zip", "(comment)"]).unwrap();
    let (was, is) = (said(&outer, "inner.zip"), said(&left, "inner.zip"));
    assert_eq!((is.0.as_str(), is.1, is.2), ("", was.1, was.2), "the comment alone");
    assert!(heard("outer.zip", &left).0.contains("13900000007"));

    let packed = {
        let mut gz =
            flate2::GzBuilder::new().mtime(1_700_000_123).comment("kept by hand").write(Vec::new(), flate2::Compression::default());
        gz.write_all(&tar(&[("gone.txt", b"13900000007"), ("kept.txt", b"kept")])).unwrap();
        gz.finish().unwrap()
    };
    let left = rewritten_within("team.tar.gz", &packed, &["team.tar", "gone.txt"]).unwrap();
    let header = flate2::read::GzDecoder::new(left.as_slice());
    let header = header.header().unwrap();
    assert_eq!((header.mtime(), header.comment()), (1_700_000_123, Some(b"kept by hand".as_slice())));
}

#[test]
fn attributes_of_a_member_go_alone_or_stay() {
    let inner = zip(&[("gone.txt", b"13900000007"), ("kept.txt", b"kept")]);
    let outer = tar(&[("inner.zip", &inner)]);
    assert_eq!(rewritten_within("a.tar", &outer, &["inner.zip", "gone.txt"]).unwrap_err(), Reason::WholeFileOnly, "they would be lost");
    let left = rewritten_within("a.tar", &outer, &["inner.zip", "(comment)"]).unwrap();
    assert!(!left.windows(4).any(|w| w == b"user"));
    assert!(heard("a.tar", &left).0.contains("13900000007"), "what they are said of stays");
}

#[test]
fn folders_named_after_somebody_are_told_and_go() {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    out.add_directory("Lee 13900000007/", zip::write::SimpleFileOptions::default()).unwrap();
    out.add_directory("plain/", zip::write::SimpleFileOptions::default()).unwrap();
    let bytes = out.finish().unwrap().into_inner();
    let mut names = Vec::new();
    leaves("a.zip", Cursor::new(&bytes), Limits::default(), &mut |leaf| {
        names.push(leaf.path.join("/"));
        Ok(())
    })
    .unwrap();
    assert_eq!(names, ["Lee 13900000007/"]);
    let left = rewritten("a.zip", &bytes, "Lee 13900000007/", Limits::default()).unwrap();
    assert!(!left.windows(11).any(|w| w == b"13900000007"));
}

#[test]
fn letters_that_stay_keep_their_names_when_others_go() {
    let letter = |n: usize| format!("From a@example.org Mon Jan  1 00:00:00 2024\nFrom: m{n}@example.org\nSubject: {n}\n\nhello\n\n");
    let names = |letters: &[usize]| {
        let (mut out, bytes) = (Vec::new(), letters.iter().map(|n| letter(*n)).collect::<String>());
        leaves("box.mbox", Cursor::new(bytes.as_bytes()), Limits::default(), &mut |leaf| {
            out.push(leaf.path.join("/"));
            Ok(())
        })
        .unwrap();
        out
    };
    assert_eq!(names(&[1, 2, 3, 4])[2..], names(&[3, 4]));
    let same = names(&[5, 5, 5]);
    assert!(same[0] != same[1] && same[1] != same[2], "letters with the same bytes are told apart");
}
