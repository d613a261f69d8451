"""Containers and workbooks that lie, are locked, or are damaged. Each is named by its fault."""

import struct
import zlib

from . import letters, sheets, tables
from .archives import TAR_END, UTF8, Entry, encrypted, tar_head, tar_member, zip_bytes, zip_of
from .compound import compound
from .containers import container
from .deflate import deflate, gz
from .mails import eml_deep
from .people import P
from .record import member, node, plants_in, unread

UNIX = 3 << 8 | 20


def shut(reason, data=b"", kind="unknown", **more):
    """A member that is not read; without data its size is not told."""
    out = unread(kind, data, reason, **more)
    if not data:
        del out["size"], out["sha256"]
    return out


def still(data, n, reason):
    """A good file as a member that is not read because of what is around it."""
    return {**n, "read": "none", "reason": reason, "edit": "whole", "edit_reason": reason}


def closed(data, reason, inner, kind="zip", **more):
    """A container that is refused as a whole; `inner` says what lies in it all the same."""
    return data, unread(kind, data, reason, members=[member(name, still(*made, reason)) for name, made in inner.items()], **more)


def partly(kind, data, members, reason, **more):
    """A container of which some members are read."""
    return data, container(kind, data, members, read="part", reason=reason, edit="whole", edit_reason=reason, **more)


def zips():
    a, b, c = tables.small_csv(1), tables.small_csv(2), tables.small_csv(3)
    out = {}
    locked = [encrypted(b"a.csv", a[0], b"custody"), encrypted(b"b.csv", b[0], b"custody")]
    data = zip_bytes(locked)
    out["zip_encrypted.zip"] = data, unread("zip", data, "password_protected", password="custody",
                                            members=[member("a.csv", still(*a, "password_protected")), member("b.csv", still(*b, "password_protected"))])
    data = zip_bytes([Entry(b"open.csv", a[0]), encrypted(b"locked.csv", b[0], b"custody")])
    out["zip_encrypted_one.zip"] = partly("zip", data, [member("open.csv", a[1]), member("locked.csv", still(*b, "password_protected"))], "password_protected", password="custody")
    aes = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, 8)
    data = zip_bytes([Entry(b"a.csv", a[0], method=99, flags=UTF8 | 1, extra=aes, packed=bytes((i * 73) % 256 for i in range(90)), crc=0)])
    out["zip_encrypted_aes.zip"] = data, unread("zip", data, "password_protected", members=[member("a.csv", shut("password_protected", kind="csv"))])

    evil = ["../evil.csv", "/absolute/evil.csv", "..\\evil.csv", "C:\\evil.csv", "ok/../../evil.csv"]
    data = zip_bytes([Entry(b"good.csv", a[0]), *[Entry(n.encode(), b[0]) for n in evil]])
    out["zip_path_traversal.zip"] = partly("zip", data, [member("good.csv", a[1]), *[member(n, still(*b, "path_traversal")) for n in evil]], "path_traversal")
    data = zip_bytes([Entry(b"good.csv", a[0]), Entry(b"link.csv", b"/etc/passwd", method=0, made_by=UNIX, attributes=0o120777 << 16)])
    out["zip_link.zip"] = partly("zip", data, [member("good.csv", a[1]), member("link.csv", shut("link", b"/etc/passwd", "link"))], "link")

    data = zip_bytes([Entry(b"a.csv", a[0]), Entry(b"b.csv", b[0], local={"size": 4, "packed_size": 6})])
    out["zip_headers_disagree.zip"] = closed(data, "size_forged", {"a.csv": a, "b.csv": b})
    many = tables.small_csv(*range(1, 27))
    data = zip_bytes([Entry(b"big.csv", many[0], size=100)])
    out["zip_size_understated.zip"] = closed(data, "size_forged", {"big.csv": many}, facts={"size_told": 100, "size_real": len(many[0])})
    data = zip_bytes([Entry(b"a.csv", a[0], size=4_000_000_000)])
    out["zip_size_overstated.zip"] = closed(data, "size_forged", {"a.csv": a}, facts={"size_told": 4_000_000_000, "size_real": len(a[0])})
    data = zip_bytes([Entry(b"a.csv", a[0]), Entry(b"shown.csv", b[0], local={"name": b"inner.csv"})])
    out["zip_names_disagree.zip"] = closed(data, "name_forged", {"a.csv": a, "shown.csv": b})
    first = Entry(b"a.csv", a[0])
    data = zip_bytes([first, Entry(b"b.csv", a[0], at=0), Entry(b"c.csv", a[0], at=0)])
    out["zip_same_data_thrice.zip"] = closed(data, "overlapping_members", {"a.csv": a, "b.csv": a, "c.csv": a}, reason_or=["name_forged"])
    data = _interleaved()
    out["zip_overlap.zip"] = data, unread("zip", data, "overlapping_members", facts={"members": 20})
    data = zip_bytes([Entry(b"a.csv", a[0]), Entry(b"a.csv", b[0])])
    out["zip_duplicate_member.zip"] = data, unread("zip", data, "duplicate_member", members=[member("a.csv", still(*t, "duplicate_member")) for t in (a, b)])
    data = zip_bytes([Entry(b"a.csv", a[0], crc=zlib.crc32(a[0]) ^ 1), Entry(b"b.csv", b[0])])
    out["zip_bad_checksum.zip"] = partly("zip", data, [member("a.csv", still(*a, "damaged")), member("b.csv", b[1])], "damaged")
    data = zip_of({"a.csv": a[0], "b.csv": b[0]})
    cut = data[:data.rindex(b"PK\x01\x02")]
    out["zip_without_end.zip"] = closed(cut, "damaged", {"a.csv": a, "b.csv": b})
    data = zip_bytes([Entry(b"a.csv", a[0], method=12, packed=b"BZh9 not really"), Entry(b"b.csv", b[0])])
    out["zip_unknown_method.zip"] = partly("zip", data, [member("a.csv", still(*a, "unknown_method")), member("b.csv", b[1])], "unknown_method")
    noise = unknown_bytes(300)
    data = zip_of({"a.csv": a[0], "blob.bin": noise})
    out["zip_unknown_member.zip"] = partly("zip", data, [member("a.csv", a[1]), member("blob.bin", shut("unknown_kind", noise))], "unknown_kind")

    levels, packed = 12, zip_of({"bottom.csv": c[0]})
    inner = unread("zip", packed, "too_deep", members=[member("bottom.csv", still(*c, "too_deep"))])
    for _ in range(levels - 1):
        packed = zip_of({"again.zip": packed})
        inner = unread("zip", packed, "too_deep", members=[member("again.zip", inner)])
    inner.update(reason_at="inside", facts={"depth": levels})
    out["zip_too_deep.zip"] = packed, inner
    return out


def _interleaved():
    """Twenty members; each one's data is a stored block that holds the next one's header, down to one shared kernel."""
    count, kernel = 20, b"x" * 2000
    pieces, places, tail = [], [], deflate(kernel)
    real = kernel
    block, entries = tail, []
    for i in reversed(range(count)):
        name = f"m{i:02d}.csv".encode()
        head = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, UTF8, 8, 0, 0x5C21, zlib.crc32(real), len(block), len(real), len(name), 0) + name
        entries.append((name, zlib.crc32(real), len(block), len(real)))
        pieces.append(head)
        whole = head + block
        places.append(len(whole))
        block = b"\x00" + struct.pack("<HH", len(head), len(head) ^ 0xFFFF) + whole
        real = head + real
    out = whole
    start = len(out)
    for (name, crc, packed, size), length in zip(reversed(entries), reversed(places)):
        out += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, UTF8, 8, 0, 0x5C21, crc, packed, size, len(name), 0, 0, 0, 0, 0, start - length) + name
    return out + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(out) - start, start, 0)


def unknown_bytes(count):
    """Bytes that look like nothing."""
    state, out = 7, bytearray(b"\x9c\x01\xfa\x00")
    while len(out) < count:
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(state >> 16 & 0xFF)
    return bytes(out)


def tars_and_gz():
    a, b = tables.small_csv(4), tables.small_csv(5)
    out = {}
    data = tar_member(b"a.csv", a[0]) + tar_head(b"b.csv", 0o77777777777) + b[0] + bytes(-len(b[0]) % 512) + TAR_END
    out["tar_size_forged.tar"] = partly("tar", data, [member("a.csv", a[1]), member("b.csv", still(*b, "size_forged"))], "size_forged", facts={"size_told": 0o77777777777})
    huge = b"\x80" + (1 << 62).to_bytes(11, "big")
    data = tar_member(b"a.csv", a[0]) + tar_head(b"b.csv", 0, size_field=huge) + b[0] + bytes(-len(b[0]) % 512) + TAR_END
    out["tar_size_forged_binary.tar"] = partly("tar", data, [member("a.csv", a[1]), member("b.csv", still(*b, "size_forged"))], "size_forged", facts={"size_told": 1 << 62})
    data = tar_member(b"a.csv", a[0]) + tar_member(b"b.csv", b[0], checksum=1) + TAR_END
    out["tar_bad_checksum.tar"] = partly("tar", data, [member("a.csv", a[1])], "damaged", units={"unit": "member", "count": 1})
    data = (tar_member(b"a.csv", a[0]) + tar_member(b"../evil.csv", b[0]) + tar_head(b"soft", 0, b"2", b"/etc/passwd") + tar_head(b"hard", 0, b"1", b"a.csv")
            + tar_head(b"device", 0, b"3") + tar_head(b"pipe", 0, b"6") + TAR_END)
    evil = still(*b, "path_traversal")
    out["tar_links.tar"] = partly("tar", data, [member("a.csv", a[1]), member("../evil.csv", evil), member("soft", shut("link", b"", "link")), member("hard", shut("link", b"", "link")),
                                                member("device", shut("special_member")), member("pipe", shut("special_member"))], "link", reasons=["path_traversal", "link", "special_member"])
    data = tar_member(b"a.csv", a[0]) + tar_member(b"b.csv", b[0] * 20)[:700]
    out["tar_truncated.tar"] = partly("tar", data, [member("a.csv", a[1]), member("b.csv", shut("damaged", kind="csv"))], "damaged")
    name = b"d/" * 10_000 + b"a.csv"
    data = tar_member(b"././@LongLink", name + b"\0", b"L") + tar_member(name, a[0]) + tar_member(b"good.csv", b[0]) + TAR_END
    deep = still(*a, "too_deep")
    m = member("d/ 10000 times, then a.csv", deep)
    out["tar_deep_name.tar"] = partly("tar", data, [m, member("good.csv", b[1])], "too_deep", facts={"depth": 10_000})
    packed = gz(a[0], b"a.csv")
    out["gz_trailing_bytes.gz"] = partly("gz", packed + b"trailing garbage " + P[6].mobile.encode(), [member("a.csv", a[1])], "trailing_bytes",
                                         planted=plants_in(P[6].mobile, {"place": "behind_the_stream"}), parts={"": packed + b"trailing garbage " + P[6].mobile.encode()})
    out["gz_truncated.gz"] = closed(packed[:-20], "damaged", {"a.csv": a}, "gz")
    bad = packed[:-8] + bytes(4) + packed[-4:]
    out["gz_bad_checksum.gz"] = closed(bad, "damaged", {"a.csv": a}, "gz")
    return out


def workbooks():
    out = {}
    whole, n = sheets.members_xlsx()
    cut = whole[:len(whole) * 6 // 10]
    out["xlsx_truncated.xlsx"] = cut, unread("xlsx", cut, "damaged")
    package = bytes((i * 131 + i // 256 * 7) % 256 for i in range(5000))
    data = compound({"EncryptionInfo": b"\x04\x00\x04\x00\x40\x00\x00\x00" + b'<?xml version="1.0"?><encryption/>'.ljust(4200), "EncryptedPackage": struct.pack("<Q", 4990) + package})
    out["xlsx_encrypted.xlsx"] = data, unread("xlsx", data, "password_protected")

    def changed(change, count=2):
        parts = sheets.small_book(*range(7, 7 + count)).finish()
        change(parts)
        return zip_of(parts)

    def entity(parts):
        part = parts["xl/sharedStrings.xml"].decode()
        lol = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
        part = part.replace("<sst", f'<!DOCTYPE sst [<!ENTITY l0 "lol">{lol}]><sst', 1).replace(f"<t>{P[7].name}</t>", "<t>&l9;</t>")
        parts["xl/sharedStrings.xml"] = part.encode()

    data = changed(entity)
    out["xlsx_entity_bomb.xlsx"] = data, unread("xlsx", data, "entity_bomb", facts={"expands_to": 3 * 10**9})

    def external(parts):
        part = parts["xl/sharedStrings.xml"].decode()
        part = part.replace("<sst", '<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">]><sst', 1).replace(f"<t>{P[7].name}</t>", "<t>&x;</t>")
        parts["xl/sharedStrings.xml"] = part.encode()

    data = changed(external)
    out["xlsx_external_entity.xlsx"] = data, unread("xlsx", data, "external_entity")

    def deep(parts):
        name = "xl/worksheets/sheet1.xml"
        parts[name] = parts[name].replace(b"</worksheet>", b"<extLst>" + b"".join(b'<x a="%d">' % (i * 7919 % 99991) for i in range(10_000)) + b"</x>" * 10_000 + b"</extLst></worksheet>")

    data = changed(deep)
    out["xlsx_xml_deep.xlsx"] = data, unread("xlsx", data, "too_deep", facts={"depth": 10_000})

    def missing(parts):
        del parts["xl/worksheets/sheet1.xml"]

    data = changed(missing)
    out["xlsx_sheet_missing.xlsx"] = data, unread("xlsx", data, "damaged")

    def index(parts):
        name = "xl/worksheets/sheet1.xml"
        parts[name] = parts[name].replace(b"<v>2</v>", b"<v>999</v>")

    data = changed(index)
    out["xlsx_bad_string_index.xlsx"] = data, unread("xlsx", data, "damaged")

    def far(parts):
        name = "xl/worksheets/sheet1.xml"
        parts[name] = parts[name].replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')

    data = changed(far)
    out["xlsx_far_cell.xlsx"] = data, unread("xlsx", data, "too_large", reason_or=["read"], facts={"cells_stored": 7, "cells_spanned": 16384 * 1048576})

    whole, _ = letters.letter_docx()
    out["docx_truncated.docx"] = whole[:-900], unread("docx", whole[:-900], "damaged")
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    root = f'<w:document xmlns:w="{letters.W}"><w:body>'
    text = f"<w:p><w:r><w:t>{P[9].mobile}</w:t></w:r></w:p>"
    bodies = {
        "docx_xml_deep.docx": ("too_deep", head + root + "".join(f'<w:ins w:id="{i * 7919 % 99991}">' for i in range(10_000)) + text + "</w:ins>" * 10_000 + "</w:body></w:document>"),
        "docx_external_entity.docx": ("external_entity", head + '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + root + "<w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>"),
        "docx_without_document.docx": ("damaged", None),
    }
    for name, (reason, xml) in bodies.items():
        types = (head + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                 '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')
        rels = (head + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
                'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')
        parts = {"[Content_Types].xml": types, "_rels/.rels": rels} | ({"word/document.xml": xml} if xml else {})
        parts = {n: x.encode() for n, x in parts.items()}
        data = zip_of(parts)
        planted = plants_in(P[9].mobile, {"part": "word/document.xml", "paragraph": 1}) if "xml_deep" in name else []
        out[name] = data, unread("docx", data, reason, planted=planted, parts=parts, **({"facts": {"depth": 10_000}} if reason == "too_deep" else {}))
    return out


def others():
    data = eml_deep()
    out = {"eml_too_deep.eml": (data, unread("eml", data, "too_deep", planted=plants_in(P[13].mobile, {"place": "at the bottom"}), parts={"": data}, facts={"depth": 200}))}
    data = unknown_bytes(2000)
    out["unknown.bin"] = data, unread("unknown", data, "unknown_kind")
    png = (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) + _chunk(b"IDAT", b"\x78\x01" + deflate(bytes(72)) + struct.pack(">I", zlib.adler32(bytes(72)))) + _chunk(b"IEND", b""))
    out["picture.png"] = png, unread("png", png, "no_text")
    return out


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bad():
    """All of them."""
    return {**zips(), **tars_and_gz(), **workbooks(), **others()}


def hollow():
    """Files that are well formed and hold nothing, and files of no bytes at all."""
    out = {}
    for kind in ("csv", "tsv", "json", "jsonl", "xlsx", "xlsm", "xls", "docx", "eml", "mbox", "html", "txt", "pdf", "zip", "tar", "gz"):
        out[f"empty.{kind}"] = b"", node("empty", b"", units={"unit": "byte", "count": 0})
    data = tables.small_csv()
    out["header_only.csv"] = data
    out["no_elements.json"] = b"[]\n", node("json", b"[]\n", edit="rows", encoding="utf-8", bom=False, units={"unit": "element", "count": 0}, spans=[])
    data = zip_bytes([])
    out["no_members.zip"] = data, container("zip", data, [])
    out["no_members.tar"] = TAR_END, container("tar", TAR_END, [])
    data = gz(b"", b"nothing.csv")
    out["no_bytes.gz"] = data, container("gz", data, [member("nothing.csv", node("empty", b"", units={"unit": "byte", "count": 0}))])
    b = sheets.Book()
    b.sheet("Sheet1", {})
    out["no_rows.xlsx"] = b.made()
    return out
