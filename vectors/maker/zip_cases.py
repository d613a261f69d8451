"""Vector 17: canonical zips, and zips that are refused although most ordinary readers open many of them."""

import base64
import io
import struct
import zipfile
import zlib

from . import canonical, canonical_zip
from .people import CASE
from .primitives import b64, digits_to, filler, flip, sha256

ABOUT = (
    "Canonical zip of section 11. kind zip: members (name, content in base64) in order, zip in base64, its length and "
    "SHA-256; every_bit_flip refuse: flipping any one bit of zip must be refused by the reader, too. kind refuse: zip "
    "(base64) is refused; base names the good zip it was made from. open: the text does not say so in words."
)


def cases():
    fixed = _case("fixed point", [(b"manifest.json", b"{}"), (b"a.txt", b"hi")])
    assert fixed["length"] == 214
    digits_to("d48c381e\u20261ad5406b", fixed["sha256"])
    good = [
        fixed,
        _case("three members", THREE),
        _case("one empty member", [(b"manifest.json", b"")]),
        _case("README.txt, the one name with capitals", [(b"manifest.json", b"{}"), (b"README.txt", b"read me\n")]),
        _case("content that looks like headers", [(b"manifest.json", b"PK\x05\x06" + bytes(18)), (b"a.bin", b"PK\x01\x02" + bytes(60))]),
    ]
    for case in good[:2]:
        case["every_bit_flip"] = "refuse"
        _assert_flips(case)
    return good + _refused()


def _three():
    document = canonical.write({"note": "\u6e05\u5355"})
    digest = sha256(document).hex()
    path = "documents/" + digest
    manifest = canonical.write(
        {"case": CASE, "members": [{"bytes": len(document), "path": path, "sha256": digest}], "type": "custody.manifest", "v": 1}
    )
    return [(b"manifest.json", manifest), (b"ledger/leaves.bin", filler("leaf 0") + filler("leaf 1")), (path.encode(), document)]


THREE = _three()


def _case(name, members):
    data = canonical_zip.write(members)
    assert canonical_zip.read(data) == members
    with zipfile.ZipFile(io.BytesIO(data)) as usual:
        assert usual.testzip() is None
        assert [(i.filename.encode(), usual.read(i)) for i in usual.infolist()] == members
    return {
        "name": "zip: " + name,
        "kind": "zip",
        "members": [{"name": n.decode("ascii"), "content": b64(c)} for n, c in members],
        "length": len(data),
        "sha256": sha256(data).hex(),
        "zip": b64(data),
    }


def _assert_flips(case):
    data = base64.b64decode(case["zip"])
    for bit in range(len(data) * 8):
        assert _refusal(flip(data, bit)), bit


def _refusal(data):
    try:
        canonical_zip.read(data)
    except (canonical_zip.Refused, struct.error, OverflowError) as refused:
        return str(refused)
    return None


def _refused():
    write, good = canonical_zip.write, canonical_zip.write(THREE)
    first, second, third = THREE
    content = second[1]
    packed = b"\x01" + struct.pack("<HH", len(content), len(content) ^ 0xFFFF) + content
    assert zlib.decompress(packed, -15) == content
    descriptor = struct.pack("<III", zlib.crc32(content), len(content), len(content))
    streamed = {"flags": 8, "crc": 0, "descriptor": descriptor}

    def both(**fields):
        return {"local": {1: fields}, "central": {1: fields}}

    extra = struct.pack("<HHBI", 0x5455, 5, 1, 1795477890)
    shifted = len(canonical_zip.write([first])) - 22 - 46 - len(first[0])
    hidden = canonical_zip._local(b"hidden.txt", b"unlisted", {})
    unix = {"made_by": 0x0314, "attributes": 0o600 << 16}
    wrong_crc = zlib.crc32(content) ^ 1
    given = [
        ("time set", write(THREE, **both(time=0x6000))),
        ("time set in the local header only", write(THREE, local={1: {"time": 1}})),
        ("date 1 January 1981", write(THREE, **both(date=0x0221))),
        ("date 0", write(THREE, **both(date=0))),
        ("version needed 10", write(THREE, **both(version=10))),
        ("version needed 45", write(THREE, **both(version=45))),
        ("made by Unix", write(THREE, central={1: {"made_by": 0x0314}})),
        ("flag for UTF-8 names", write(THREE, **both(flags=0x800))),
        ("flag for encryption", write(THREE, **both(flags=1))),
        ("data descriptor", write(THREE, local={1: streamed}, central={1: {"flags": 8}, 2: {"offset": _offset(2) + 12}})),
        (
            "deflated member",
            write(
                THREE,
                local={1: {"method": 8, "stored": packed}},
                central={1: {"method": 8, "packed": len(packed)}, 2: {"offset": _offset(2) + len(packed) - len(content)}},
            ),
        ),
        ("extra field in the central directory", write(THREE, central={1: {"extra": extra}})),
        ("extra field in the local header", write(THREE, local={1: {"extra": extra}}, central={2: {"offset": _offset(2) + len(extra)}})),
        ("comment of a member", write(THREE, central={1: {"comment": b"x"}})),
        ("comment of the zip", write(THREE, end={"comment": b"x"})),
        ("external attributes", write(THREE, central={1: {"attributes": 0o100644 << 16}})),
        ("internal attributes, text", write(THREE, central={1: {"internal": 1}})),
        ("member on disk 1", write(THREE, central={1: {"disk": 1}})),
        ("end record on disk 1", write(THREE, end={"disk": 1})),
        ("CRC wrong in both headers", write(THREE, **both(crc=wrong_crc))),
        ("CRC wrong in the local header", write(THREE, local={1: {"crc": wrong_crc}})),
        ("size wrong in the local header", write(THREE, local={1: {"size": len(content) + 1}})),
        ("another name in the local header", write(THREE, local={1: {"name": b"ledger/leavez.bin"}})),
        ("central directory in another order", write(THREE, order=[1, 0, 2])),
        ("gap before the first member", write(THREE, gap=b"\x00")),
        ("program before the first member", write(THREE, gap=b"#!/bin/sh\nexit 0\n")),
        ("unlisted member before the first", write(THREE, gap=hidden)),
        ("byte after the end record", good + b"\x00"),
        ("two end records", good + good[-22:]),
        ("a second whole zip behind the first", good + canonical_zip.write([(b"manifest.json", b"{}")])),
        ("last byte missing", good[:-1]),
        ("empty file", b""),
        ("count one too small", write(THREE, end={"count": 2, "here": 2})),
        ("count one too large", write(THREE, end={"count": 4, "here": 4})),
        ("two counts that differ", write(THREE, end={"here": 2})),
        ("directory size wrong", write(THREE, end={"size": 1})),
        ("two entries for the same bytes", write([first, first], central={1: {"offset": 0}})),
        ("name twice with other contents", write([first, (second[0], b"one"), (second[0], b"two")])),
        ("upper-case name", write([first, (b"Ledger/leaves.bin", content)])),
        ("name with a space", write([first, (b"a b.txt", content)])),
        ("name with a backslash", write([first, (b"ledger\\leaves.bin", content)])),
        ("Chinese name", write([first, ("\u5f20.txt".encode(), content)])),
        ("empty name", write([first, (b"", content)])),
        ("content changed, CRC not", good.replace(content, flip(content, 0))),
        (
            "Zip64 fields",
            write(
                THREE,
                central={
                    1: {
                        "size": 0xFFFFFFFF,
                        "packed": 0xFFFFFFFF,
                        "version": 45,
                        "extra": struct.pack("<HHQQ", 1, 16, len(content), len(content)),
                    }
                },
            ),
        ),
        ("made by Unix with file modes, as ordinary libraries write", write(THREE, central={n: unix for n in range(3)})),
    ]
    assert write(THREE, central={1: {"offset": shifted}}) == good and _offset(1) == shifted
    out = []
    for name, data in given:
        assert _refusal(data), name
        out.append({"name": "refuse: " + name, "kind": "refuse", "base": "zip: three members", "reason": _refusal(data), "zip": b64(data)})
    return out + _open_cases()


def _offset(n):
    return sum(30 + len(name) + len(content) for name, content in THREE[:n])


def _open_cases():
    """Byte for byte canonical, but nothing good can come of them."""
    given = [
        ("name with dots that climb out", [(b"manifest.json", b"{}"), (b"../a.txt", b"hi")]),
        ("absolute name", [(b"manifest.json", b"{}"), (b"/a.txt", b"hi")]),
        ("name of a folder", [(b"manifest.json", b"{}"), (b"ledger/", b"")]),
        ("name with a doubled slash", [(b"manifest.json", b"{}"), (b"ledger//a", b"hi")]),
        ("no members", []),
        ("manifest not first", [(b"a.txt", b"hi"), (b"manifest.json", b"{}")]),
        ("documents not by name", [(b"manifest.json", b"{}"), (b"documents/b", b""), (b"documents/a", b"")]),
    ]
    return [
        {
            "name": "refuse: " + name,
            "kind": "refuse",
            "open": True,
            "reason": "the name or the order, not the zip format",
            "zip": b64(canonical_zip.write(members)),
        }
        for name, members in given
    ]
