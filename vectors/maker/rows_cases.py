"""Vector 6: `rows/v1` of every tag, and bytes that are none."""

from .primitives import digits_to, sha256, u32, u64
from .rows import MAGIC, TAGS, fault, integer, real, rows_v1, text

ABOUT = (
    "rows/v1 of section 2. columns are by ordinal from 0, each tag, tag_name, bytes (hex) and, for the reader only, "
    "value as text. row is the encoded row (hex), sha256 its digest. expect refuse: bytes a reader of rows/v1 refuses."
)

NULL = (0, b"")
INTEGERS = [0, 1, 7, -1, 255, 2**31, 2**53, 2**63 - 1, -(2**63)]
REALS = [
    ("0.0", 0),
    ("-0.0", 1 << 63),
    ("1.5", 0x3FF8000000000000),
    ("0.1", 0x3FB999999999999A),
    ("smallest subnormal", 1),
    ("infinity", 0x7FF0000000000000),
    ("quiet NaN", 0x7FF8000000000000),
    ("NaN with payload and sign", 0xFFF80000DEADBEEF),
]
TEXTS = [
    ("empty", b""),
    ("\u5f20\u4e09 in UTF-8", "\u5f20\u4e09".encode()),
    ("\u5f20\u4e09 in GBK, kept as stored", "\u5f20\u4e09".encode("gbk")),
    ("broken UTF-8, kept as stored", b"\xe5\xbc"),
    ("with U+0000", b"a\x00b"),
    ("decomposed, not normalised", "e\u0301".encode()),
]
BLOBS = [("empty", b""), ("bytes 00 ff", b"\x00\xff"), ("same bytes as a text", "\u5f20\u4e09".encode())]
OTHERS = ["2026-11-24", "12345678901234567890.50", "Infinity", "6f1c2e4a-0b1d-4c3e-9a5f-7d8e9f0a1b2c", '{"a": 1.0}', ""]


def cases():
    return _single() + _several() + _bad()


def _case(name, columns, values=None):
    row = rows_v1(columns)
    assert fault(row) is None
    shown = []
    for n, (tag, data) in enumerate(columns):
        column = {"tag": tag, "tag_name": TAGS[tag], "bytes": data.hex()}
        shown.append(column | ({"value": values[n]} if values else {}))
    return {"name": name, "expect": "accept", "columns": shown, "row": row.hex(), "length": len(row), "sha256": sha256(row).hex()}


def _single():
    out = [_case("no columns", []), _case("null", [NULL], ["null"])]
    out += [_case(f"integer {n}", [integer(n)], [str(n)]) for n in INTEGERS]
    out += [_case("real " + name, [real(bits)], [name]) for name, bits in REALS]
    out += [_case("text " + name, [(3, data)], [name]) for name, data in TEXTS]
    out += [_case("blob " + name, [(4, data)], [name]) for name, data in BLOBS]
    out += [_case(f"other {name or 'empty'}", [(5, name.encode())], [name]) for name in OTHERS]
    return out


def _several():
    fixed = _case(
        "fixed point: integer 7, text \u5f20\u4e09, null", [integer(7), text("\u5f20\u4e09"), NULL], ["7", "\u5f20\u4e09", "null"]
    )
    assert fixed["length"] == 65
    digits_to("8d54606c\u2026f9716d06", fixed["sha256"])
    every = [NULL, integer(-7), real(0x3FF8000000000000), text("\u5f20"), (4, b"\x00"), (5, b"2026-11-24")]
    return [
        fixed,
        _case("every tag once", every, ["null", "-7", "1.5", "\u5f20", "00", "2026-11-24"]),
        _case("columns in another order are another row", [NULL, text("\u5f20\u4e09"), integer(7)]),
        _case("three nulls", [NULL] * 3),
        _case("300 columns", [integer(n) for n in range(300)]),
        _case("text of 300 bytes", [(3, b"x" * 300)]),
        _case("text that looks like a column", [(3, u32(1) + b"\x00" + u64(0))]),
    ]


def _bad():
    good = rows_v1([integer(7), text("\u5f20\u4e09"), NULL])
    one = MAGIC + u32(1) + u32(0)
    given = [
        ("empty", b"", "magic"),
        ("rows/v2", good.replace(b"v1", b"v2"), "magic"),
        ("two zero bytes after the magic", MAGIC + b"\x00" + good[8:], "trailing bytes"),
        ("only the magic", MAGIC, "too short"),
        ("last byte missing", good[:-1], "too short"),
        ("one byte more", good + b"\x00", "trailing bytes"),
        ("count one too small", MAGIC + u32(2) + good[12:], "trailing bytes"),
        ("count one too large", MAGIC + u32(4) + good[12:], "too short"),
        ("count far too large", MAGIC + u32(2**32 - 1) + good[12:], "too short"),
        ("first ordinal 1", MAGIC + u32(1) + u32(1) + b"\x00" + u64(0), "ordinal"),
        ("ordinal twice", MAGIC + u32(2) + (u32(0) + b"\x00" + u64(0)) * 2, "ordinal"),
        ("tag 6", one + b"\x06" + u64(0), "tag"),
        ("tag 255", one + b"\xff" + u64(0), "tag"),
        ("null with a byte", one + b"\x00" + u64(1) + b"\x00", "length of the tag"),
        ("integer of 4 bytes", one + b"\x01" + u64(4) + bytes(4), "length of the tag"),
        ("real of 4 bytes", one + b"\x02" + u64(4) + bytes(4), "length of the tag"),
        ("length beyond the end", one + b"\x03" + u64(5) + b"abc", "too short"),
        ("length of 2^64 - 1", one + b"\x03" + u64(2**64 - 1) + b"abc", "too short"),
    ]
    out = []
    for name, data, reason in given:
        assert fault(data) == reason, (name, fault(data))
        out.append({"name": "refuse: " + name, "expect": "refuse", "row": data.hex(), "reason": reason})
    return out
