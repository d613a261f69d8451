//! Parquet files as records: every type reads as it should, what is erased is gone and what stays is the same, and broken files are named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use memchr::memmem;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type, Int64Type,
    Int96, Int96Type,
};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use remains::{Kind, Needles};
use rows::{Locator, Tag};
use sources::{Action, At, Dataset, Listing, Places, Source};
use terms::{Place, StoreKind};

type Cell = (Tag, Vec<u8>);

fn open(folder: &Path) -> (Box<dyn Source>, Listing) {
    let mut source = sources::open(StoreKind::Files, &Place::new("src1".to_owned()).unwrap(), At::Path(folder.to_owned())).unwrap();
    let listing = source.list(&mut Places::marked("test".to_owned())).unwrap();
    (source, listing)
}

/// The one data set of a folder.
fn only(folder: &Path) -> (Box<dyn Source>, Dataset) {
    let (source, mut listing) = open(folder);
    assert!(listing.missed.is_empty(), "{:?}", listing.missed);
    assert_eq!(listing.datasets.len(), 1);
    (source, listing.datasets.remove(0))
}

fn read(source: &mut dyn Source, place: &Place) -> Vec<Vec<Cell>> {
    let mut out: Vec<Vec<Cell>> = Vec::new();
    source
        .read(place, &mut |batch| {
            for row in 0..batch.rows() {
                assert_eq!(batch.locator(row), Some(Locator::Bytes { record: out.len() as u64, from: 0, to: 0 }));
                out.push(batch.row(row).map(|cell| (cell.tag, cell.bytes.to_vec())).collect());
            }
            Ok(())
        })
        .unwrap();
    out
}

/// Writes a flat column.
fn column<T: DataType>(group: &mut SerializedRowGroupWriter<'_, File>, required: bool, values: &[Option<T::T>]) {
    let mut to = group.next_column().unwrap().unwrap();
    let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
    let own: Vec<T::T> = values.iter().flatten().cloned().collect();
    to.typed::<T>().write_batch(own.as_slice(), (!required).then_some(levels.as_slice()), None).unwrap();
    to.close().unwrap();
}

/// Writes a column of lists of texts: optional list, optional elements.
fn lists(group: &mut SerializedRowGroupWriter<'_, File>, rows: &[Option<Vec<Option<String>>>]) {
    let (mut def, mut rep, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let Some(list) = row else {
            def.push(0);
            rep.push(0);
            continue;
        };
        if list.is_empty() {
            def.push(1);
            rep.push(0);
        }
        for (i, element) in list.iter().enumerate() {
            def.push(if element.is_some() { 3 } else { 2 });
            rep.push(i16::from(i > 0));
            own.extend(element.as_deref().map(ByteArray::from));
        }
    }
    let mut to = group.next_column().unwrap().unwrap();
    to.typed::<ByteArrayType>().write_batch(own.as_slice(), Some(def.as_slice()), Some(rep.as_slice())).unwrap();
    to.close().unwrap();
}

fn writer(path: &Path, schema: &str, properties: WriterPropertiesBuilder) -> SerializedFileWriter<File> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    SerializedFileWriter::new(File::create(path).unwrap(), schema, Arc::new(properties.build())).unwrap()
}

const TYPES: &str = "message types {
    REQUIRED BOOLEAN flag;
    OPTIONAL INT32 number;
    OPTIONAL INT32 day (DATE);
    OPTIONAL INT64 at (TIMESTAMP(MICROS,true));
    OPTIONAL INT64 local (TIMESTAMP(NANOS,false));
    OPTIONAL INT32 time (TIME(MILLIS,false));
    OPTIONAL INT32 price (DECIMAL(9,2));
    OPTIONAL INT64 big (INTEGER(64,false));
    OPTIONAL INT96 old;
    OPTIONAL FLOAT small;
    OPTIONAL DOUBLE wide;
    OPTIONAL BYTE_ARRAY text (STRING);
    OPTIONAL BYTE_ARRAY plain;
    OPTIONAL FIXED_LEN_BYTE_ARRAY(16) id (UUID);
    OPTIONAL FIXED_LEN_BYTE_ARRAY(5) sum (DECIMAL(10,3));
    OPTIONAL group tags (LIST) { REPEATED group list { OPTIONAL BYTE_ARRAY element (STRING); } }
}";

fn write_types(path: &Path, properties: WriterPropertiesBuilder) {
    let text = |t: &str| Some(ByteArray::from(t));
    let fixed = |bytes: &[u8]| Some(FixedLenByteArray::from(bytes.to_vec()));
    let mut old = Int96::new();
    old.set_data(1_000, 0, 2_440_589);
    let mut file = writer(path, TYPES, properties);
    let mut group = file.next_row_group().unwrap();
    let g = &mut group;
    column::<BoolType>(g, true, &[Some(true), Some(false)]);
    column::<Int32Type>(g, false, &[Some(-7), None]);
    column::<Int32Type>(g, false, &[Some(6_279), None]);
    column::<Int64Type>(g, false, &[Some(1_764_201_600_000_001), None]);
    column::<Int64Type>(g, false, &[Some(-1), None]);
    column::<Int32Type>(g, false, &[Some(29_700_250), None]);
    column::<Int32Type>(g, false, &[Some(-5), None]);
    column::<Int64Type>(g, false, &[Some(-1), None]);
    column::<Int96Type>(g, false, &[Some(old), None]);
    column::<FloatType>(g, false, &[Some(0.5), None]);
    column::<DoubleType>(g, false, &[Some(-0.0), None]);
    column::<ByteArrayType>(g, false, &[text("王小明"), text("")]);
    column::<ByteArrayType>(g, false, &[text("said by nobody"), Some(ByteArray::from(vec![0, 255]))]);
    column::<FixedLenByteArrayType>(g, false, &[fixed(&[0xab; 16]), None]);
    column::<FixedLenByteArrayType>(g, false, &[fixed(&[0xff, 0xff, 0xff, 0xfe, 0xff]), None]);
    lists(g, &[Some(vec![Some("a\"b".to_owned()), None]), None]);
    group.close().unwrap();
    file.close().unwrap();
}

#[test]
fn every_type_reads_as_it_should() {
    let other = |text: &str| (Tag::Other, text.as_bytes().to_vec());
    let text = |text: &str| (Tag::Text, text.as_bytes().to_vec());
    let null = || (Tag::Null, Vec::new());
    let mut nulls: Vec<Cell> = std::iter::repeat_with(null).take(16).collect();
    (nulls[0], nulls[11], nulls[12]) = (other("false"), text(""), (Tag::Blob, vec![0, 255]));
    let expected = vec![
        vec![
            other("true"),
            (Tag::Integer, (-7i64).to_be_bytes().to_vec()),
            other("1987-03-12"),
            other("2025-11-27 00:00:00.000001+00"),
            other("1969-12-31 23:59:59.999999999"),
            other("08:15:00.250"),
            other("-0.05"),
            other("18446744073709551615"),
            other("1970-01-02 00:00:00.000001000"),
            (Tag::Real, 0.5f64.to_be_bytes().to_vec()),
            (Tag::Real, (-0.0f64).to_be_bytes().to_vec()),
            text("王小明"),
            text("said by nobody"),
            other("abababab-abab-abab-abab-abababababab"),
            other("-0.257"),
            text("[\"a\\\"b\",null]"),
        ],
        nulls,
    ];
    for (i, properties) in ways().into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        write_types(&folder.path().join("types.parquet"), properties);
        let (mut source, set) = only(folder.path());
        assert_eq!(set.name, "types.parquet");
        assert_eq!(set.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>()[..3], ["flag", "number", "day"]);
        let rows = read(source.as_mut(), &set.place);
        for (row, meant) in rows.iter().zip(&expected) {
            for (c, (own, meant)) in row.iter().zip(meant).enumerate() {
                assert_eq!((own.0, String::from_utf8_lossy(&own.1)), (meant.0, String::from_utf8_lossy(&meant.1)), "way {i}, column {c}");
            }
        }
        assert_eq!(rows, expected, "way {i}");
    }
}

/// Every packing, with and without dictionaries, by both versions of pages.
fn ways() -> Vec<WriterPropertiesBuilder> {
    let packed = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ];
    let mut out = Vec::new();
    for compression in packed {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [true, false] {
                let some = WriterProperties::builder().set_compression(compression).set_writer_version(version);
                out.push(some.set_dictionary_enabled(dictionary));
            }
        }
    }
    out
}

const PEOPLE: &str = "message people {
    REQUIRED INT64 id;
    REQUIRED BYTE_ARRAY name (STRING);
    OPTIONAL BYTE_ARRAY email (STRING);
    OPTIONAL INT64 mobile;
    REQUIRED INT32 born (DATE);
    REQUIRED FIXED_LEN_BYTE_ARRAY(16) key (UUID);
    OPTIONAL group tags (LIST) { REPEATED group list { OPTIONAL BYTE_ARRAY element (STRING); } }
}";

const PERSONS: usize = 3_000;

fn name(n: usize) -> String {
    format!("Person {:06}", n * 7_919 % 1_000_003)
}

fn email(n: usize) -> Option<String> {
    (!n.is_multiple_of(7)).then(|| format!("p{:06}@example.com", n * 104_729 % 1_000_003))
}

fn mobile(n: usize) -> i64 {
    13_000_000_000 + i64::try_from(n * 15_485_863 % 99_999_989).unwrap()
}

fn tags(n: usize) -> Option<Vec<Option<String>>> {
    match n % 5 {
        0 => None,
        1 => Some(Vec::new()),
        _ => Some(vec![Some(format!("card {:08}", n * 31_337)), None]),
    }
}

/// Three row groups, the last one shorter.
fn write_people(path: &Path, properties: WriterPropertiesBuilder) {
    let notes = [("ARROW:schema", "none"), ("note", "Person 000000 was here")];
    let notes = notes.map(|(key, value)| KeyValue::new(key.to_owned(), value.to_owned())).to_vec();
    let mut file = writer(path, PEOPLE, properties.set_key_value_metadata(Some(notes)));
    for part in (0..PERSONS).collect::<Vec<_>>().chunks(1_300) {
        let part: Vec<usize> = part.to_vec();
        let int = |n: &usize| i64::try_from(*n).unwrap();
        let key = |n: &usize| FixedLenByteArray::from(u128::try_from(n * 1_000_003).unwrap().to_be_bytes().to_vec());
        let mut group = file.next_row_group().unwrap();
        let g = &mut group;
        column::<Int64Type>(g, true, &part.iter().map(|n| Some(int(n))).collect::<Vec<_>>());
        column::<ByteArrayType>(g, true, &part.iter().map(|n| Some(ByteArray::from(name(*n).as_str()))).collect::<Vec<_>>());
        column::<ByteArrayType>(g, false, &part.iter().map(|n| email(*n).map(|e| ByteArray::from(e.as_str()))).collect::<Vec<_>>());
        column::<Int64Type>(g, false, &part.iter().map(|n| Some(mobile(*n))).collect::<Vec<_>>());
        column::<Int32Type>(g, true, &part.iter().map(|n| Some(i32::try_from(n % 20_000).unwrap())).collect::<Vec<_>>());
        column::<FixedLenByteArrayType>(g, true, &part.iter().map(|n| Some(key(n))).collect::<Vec<_>>());
        lists(g, &part.iter().map(|n| tags(*n)).collect::<Vec<_>>());
        group.close().unwrap();
    }
    file.close().unwrap();
}

/// Every second row goes; of the others every second loses name, email, mobile and tags.
fn fate(n: usize) -> (bool, bool) {
    (n.is_multiple_of(2), n % 4 == 1)
}

/// Needles for what goes or stays.
fn needles(goes: bool) -> Needles {
    let mut out = Needles::new();
    for n in (0..PERSONS).filter(|n| (fate(*n).0 || fate(*n).1) == goes) {
        let id = u32::try_from(n).unwrap();
        out.add(id, Kind::Alone, name(n).as_bytes());
        if let Some(email) = email(n) {
            out.add(id, Kind::Alone, email.as_bytes());
        }
        out.add(id, Kind::Alone, mobile(n).to_string().as_bytes());
    }
    out
}

fn met(source: &mut dyn Source, place: &Place, mut needles: Needles) -> (usize, usize) {
    let searched = source.search(place, &mut needles).unwrap();
    assert_eq!(searched.unread, 0);
    (needles.iter().filter(|n| n.met > 0).count(), needles.iter().count())
}

/// What any byte search of the unpacked pages finds.
fn pages_have(path: &Path, text: &str) -> bool {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    for g in 0..reader.num_row_groups() {
        let group = reader.get_row_group(g).unwrap();
        for c in 0..group.num_columns() {
            let mut pages = group.get_column_page_reader(c).unwrap();
            while let Some(page) = pages.get_next_page().unwrap() {
                if memmem::find(page.buffer(), text.as_bytes()).is_some() {
                    return true;
                }
            }
        }
    }
    memmem::find(&fs::read(path).unwrap(), text.as_bytes()).is_some()
}

#[test]
fn what_is_erased_is_gone_and_what_stays_is_the_same() {
    for (way, properties) in ways().into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.parquet");
        write_people(&path, properties);
        let (mut source, set) = only(folder.path());
        let before = read(source.as_mut(), &set.place);
        assert_eq!(before.len(), PERSONS);
        let (found, asked) = met(source.as_mut(), &set.place, needles(true));
        assert_eq!(found, asked, "everything is seen while it lives: way {way}");
        let columns: Arc<[u32]> = vec![1, 2, 3, 6].into();
        let blanks = source.blanks(&set.place, &columns, &sources::Said::new()).unwrap();
        source
            .erase(std::slice::from_ref(&set.place), &mut |_, batch, row| {
                let n = usize::try_from(batch.cell(row, 0).integer().unwrap()).unwrap();
                let left = |c: &u32| blanks[*c as usize].leaves(batch.cell(row, *c as usize), n as u64);
                Ok(match fate(n) {
                    (true, _) => Action::Delete,
                    (_, true) => Action::Overwrite(Arc::clone(&columns), columns.iter().map(left).collect()),
                    _ => Action::Keep,
                })
            })
            .unwrap();
        let (mut source, again) = only(folder.path());
        assert_eq!(again.columns.iter().map(|c| &c.name).collect::<Vec<_>>(), set.columns.iter().map(|c| &c.name).collect::<Vec<_>>());
        let after = read(source.as_mut(), &again.place);
        let expected: Vec<Vec<Cell>> = (0..PERSONS)
            .filter(|n| !fate(*n).0)
            .map(|n| {
                let mut row = before[n].clone();
                if fate(n).1 {
                    row[1] = (Tag::Text, Vec::new());
                    [2, 3, 6].into_iter().for_each(|c: usize| row[c] = (Tag::Null, Vec::new()));
                }
                row
            })
            .collect();
        assert_eq!(after, expected, "way {way}");
        assert_eq!(met(source.as_mut(), &again.place, needles(true)).0, 0, "way {way}");
        let (found, asked) = met(source.as_mut(), &again.place, needles(false));
        assert_eq!(found, asked, "way {way}");
        for n in (0..PERSONS).step_by(191) {
            let stays = !fate(n).0 && !fate(n).1;
            if stays && way < 2 {
                assert!(pages_have(&path, &name(n)));
            }
            if !stays {
                assert!(!pages_have(&path, &name(n)) && email(n).is_none_or(|e| !pages_have(&path, &e)), "way {way}, {n}");
            }
        }
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let notes = reader.metadata().file_metadata().key_value_metadata().unwrap();
        assert_eq!(notes.iter().map(|note| note.key.as_str()).collect::<Vec<_>>(), ["ARROW:schema"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing half-done lies beside it");
    }
}

#[test]
fn all_rows_may_go_and_what_has_no_blank_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.parquet");
    let schema = "message frames { REQUIRED INT64 id; REQUIRED group home { OPTIONAL BYTE_ARRAY city (STRING); } REPEATED INT32 scores; }";
    let mut file = writer(&path, schema, WriterProperties::builder());
    let mut group = file.next_row_group().unwrap();
    column::<Int64Type>(&mut group, true, &[Some(1), Some(2), Some(3)]);
    column::<ByteArrayType>(&mut group, false, &[Some(ByteArray::from("上海")), None, Some(ByteArray::from("Lyon"))]);
    let mut to = group.next_column().unwrap().unwrap();
    to.typed::<Int32Type>().write_batch([7, 8, 9].as_slice(), Some([1, 1, 0, 1].as_slice()), Some([0, 1, 0, 0].as_slice())).unwrap();
    to.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
    let (mut source, set) = only(folder.path());
    let nested = |rows: Vec<Vec<Cell>>, c: usize| rows.into_iter().map(|r| String::from_utf8(r[c].1.clone()).unwrap()).collect::<Vec<_>>();
    assert_eq!(nested(read(source.as_mut(), &set.place), 1), ["{\"city\":\"上海\"}", "{\"city\":null}", "{\"city\":\"Lyon\"}"]);
    assert_eq!(nested(read(source.as_mut(), &set.place), 2), ["[7,8]", "[]", "[9]"]);
    let refused = source.blanks(&set.place, &[1], &sources::Said::new()).map_err(|fault| fault.code().to_owned());
    assert_eq!(refused.err().as_deref(), Some("no_value_fits"));
    let left = vec![(Tag::Text, b"erased".to_vec())];
    let action = Action::Overwrite(vec![0].into(), left);
    let refused = source.erase(std::slice::from_ref(&set.place), &mut |_, _, _| Ok(action.clone()));
    assert_eq!(refused.map_err(|fault| fault.code().to_owned()), Err("no_value_fits".to_owned()), "a text is no number");
    assert_eq!(read(source.as_mut(), &set.place).len(), 3);
    let blanks = source.blanks(&set.place, &[2], &sources::Said::new()).unwrap();
    source
        .erase(std::slice::from_ref(&set.place), &mut |_, batch, row| {
            Ok(match row {
                0 => Action::Overwrite(vec![2].into(), vec![blanks[2].leaves(batch.cell(row, 2), 0)]),
                _ => Action::Keep,
            })
        })
        .unwrap();
    let (mut source, set) = only(folder.path());
    assert_eq!(nested(read(source.as_mut(), &set.place), 2), ["[]", "[]", "[9]"]);
    source.erase(std::slice::from_ref(&set.place), &mut |_, _, _| Ok(Action::Delete)).unwrap();
    let (mut source, set) = only(folder.path());
    assert!(read(source.as_mut(), &set.place).is_empty());
}

/// Numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// What a folder with these bytes as its only file is; a file that reads is read to its end.
fn broken(bytes: &[u8]) -> Result<Vec<Vec<Cell>>, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("broken.parquet"), bytes).unwrap();
    let (mut source, listing) = open(folder.path());
    match (listing.datasets.as_slice(), listing.missed.as_slice()) {
        ([set], []) => Ok(read(source.as_mut(), &set.place)),
        ([], [missed]) => Err(missed.reason.clone()),
        other => panic!("{other:?}"),
    }
}

fn sound(compression: Compression) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.parquet");
    write_people(&path, WriterProperties::builder().set_compression(compression));
    fs::read(path).unwrap()
}

#[test]
fn broken_files_are_named_and_nothing_panics() {
    let mut dice = Dice(2_026);
    for compression in [Compression::SNAPPY, Compression::GZIP(GzipLevel::default()), Compression::ZSTD(ZstdLevel::default())] {
        let whole = sound(compression);
        let rows = broken(&whole).unwrap();
        assert_eq!(rows.len(), PERSONS);
        for _ in 0..50 {
            let cut = 1 + dice.below(whole.len() - 1);
            assert!(broken(&whole[..cut]).is_err(), "cut at {cut}");
        }
        let tail = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
        let footer = whole.len() - 8 - tail;
        for _ in 0..150 {
            let mut flipped = whole.clone();
            let at = if dice.below(2) == 0 { footer + dice.below(tail + 8) } else { dice.below(footer) };
            flipped[at] ^= 1 << dice.below(8);
            // Names, notes and values may be others now; what it says is then what it says.
            if let Ok(other) = broken(&flipped) {
                assert_eq!(other.len(), PERSONS);
            }
        }
    }
    assert_eq!(broken(b"PAR1PAR1").unwrap_err(), "damaged");
    assert_eq!(broken(b"PAR1").unwrap_err(), "damaged");
    assert_eq!(broken(b"not what it is called").unwrap_err(), "damaged");
    assert_eq!(broken(b"PARE\x00\x00\x00\x00\x04\x00\x00\x00PARE").unwrap_err(), "password_protected");
    assert_eq!(broken(b"PAR1\xff\xff\xff\x00PAR1").unwrap_err(), "damaged");
    assert_eq!(broken(b"PAR1\xff\xff\xff\xffPAR1").unwrap_err(), "too_large");
}

/// A signed number as a footer has it.
fn zigzag(n: u64) -> Vec<u8> {
    let (mut n, mut out) = (n << 1, Vec::new());
    while n > 0x7f {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
    out
}

#[test]
fn forged_numbers_of_rows_are_refused_at_once() {
    let whole = sound(Compression::ZSTD(ZstdLevel::default()));
    let tail = u32::from_le_bytes(whole[whole.len() - 8..whole.len() - 4].try_into().unwrap()) as usize;
    let (data, rest) = whole.split_at(whole.len() - 8 - tail);
    let footer = &rest[..tail];
    let forged = |footer: Vec<u8>| {
        let len = u32::try_from(footer.len()).unwrap().to_le_bytes();
        broken(&[data, footer.as_slice(), len.as_slice(), b"PAR1".as_slice()].concat())
    };
    assert_eq!(forged(footer.to_vec()).unwrap().len(), PERSONS);
    let all = |from: u64, to: u64| {
        let (from, to) = (zigzag(from), zigzag(to));
        let mut out = footer.to_vec();
        for at in memmem::find_iter(footer, &from).collect::<Vec<_>>().into_iter().rev() {
            out.splice(at..at + from.len(), to.iter().copied());
        }
        out
    };
    for rows in [1_301, 1_299, 0, 1 << 20, 1 << 40, (1 << 62) - 1] {
        // 1,300 rows in each of the first two groups.
        assert!(forged(all(1_300, rows)).is_err(), "{rows} instead of 1,300 in a group");
        assert!(forged(all(3_000, rows)).is_err(), "{rows} instead of 3,000 in all");
    }
    for (group, sum) in [(1_301, 3_002), (1 << 20, (1 << 21) + 400), (1 << 40, (1 << 41) + 400)] {
        let both = all(1_300, group);
        let (from, to) = (zigzag(3_000), zigzag(sum));
        let at = memmem::find(&both, &from).unwrap();
        let mut out = both.clone();
        out.splice(at..at + from.len(), to);
        assert!(forged(out).is_err(), "{sum} in all");
    }
}

#[test]
fn a_parquet_file_is_known_by_its_bytes_too() {
    let folder = tempfile::tempdir().unwrap();
    write_types(&folder.path().join("export.bin"), WriterProperties::builder());
    fs::write(folder.path().join("note.txt"), "PAR1 is how such a file begins.").unwrap();
    fs::write(folder.path().join("bad.parquet"), "PAR1").unwrap();
    let (mut source, listing) = open(folder.path());
    assert_eq!(listing.datasets.iter().map(|d| d.name.as_str()).collect::<Vec<_>>(), ["export.bin", "documents"]);
    assert_eq!(listing.missed.iter().map(|m| m.reason.as_str()).collect::<Vec<_>>(), ["damaged"]);
    let mut needles = Needles::new();
    needles.add(0, Kind::Alone, b"said by nobody");
    let searched = source.search(&listing.datasets[0].place, &mut needles).unwrap();
    assert_eq!(searched.unread, 4, "what could not be read was not looked into");
    assert!(needles.iter().all(|n| n.met_in(0)));
    // One without a name of its own, in an archive: said to be unread.
    let told = formats::kind("x", &fs::read(folder.path().join("export.bin")).unwrap());
    assert_eq!(told, formats::Kind::Parquet);
}
