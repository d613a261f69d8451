"""Good containers: ZIP, TAR and GZ, and what lies in them."""

import struct
import zlib

from . import tables
from .archives import STREAMED, TAR_END, UTF8, Entry, tar_gnu, tar_head, tar_member, tar_pax, zip_bytes, zip_of
from .deflate import gz
from .letters import SIMPLE, note_txt
from .people import P
from .record import member, node, plants_in
from .sheets import small_book


def container(kind, data, members, *, read="all", reason=None, edit="members", edit_reason=None, parts=None, **more):
    """A container's node."""
    more.setdefault("units", {"unit": "member", "count": len(members)})
    return node(kind, data, read=read, reason=reason, edit=edit, edit_reason=edit_reason, members=members, parts={} if parts is None else parts, **more)


def note(n):
    return note_txt("utf-8", "utf-8", SIMPLE, P[n])


def gz_of(name, inner, member_name=None):
    """A gzip file with one stream; without a name in it the member is called after the file."""
    data, n = inner
    packed = gz(data, name.encode() if name else b"")
    return packed, container("gz", packed, [member(member_name or name, n)])


def bundle_tar():
    """A folder, a table in it, a long Chinese name by PAX, a long name by GNU."""
    table, one, two = tables.small_csv(1, 2), note(3), note(4)
    pax = f"客户/{'很长的目录名' * 8}/{P[5].name}.txt"
    gnu = "archive/" + "long-name-" * 12 + ".txt"
    data = (tar_head("客户/".encode(), 0, b"5", mode=0o755) + tar_member("客户/名单.csv".encode(), table[0]) + tar_pax(pax.encode(), one[0]) + tar_gnu(gnu.encode(), two[0]) + TAR_END)
    return data, container("tar", data, [member("客户/名单.csv", table[1]), member(pax, one[1]), member(gnu, two[1])], folders=["客户/"])


def nested_zip():
    """zip → zip → gz → tar → csv."""
    table = tables.small_csv(6, 7)
    tar = tar_member("rows.csv".encode(), table[0]) + TAR_END
    packed = gz(tar, b"bottom.tar")
    middle = zip_of({"bottom.tar.gz": packed})
    data = zip_of({"middle.zip": middle})
    tar_node = container("tar", tar, [member("rows.csv", table[1])])
    gz_node = container("gz", packed, [member("bottom.tar", tar_node)])
    zip_node = container("zip", middle, [member("bottom.tar.gz", gz_node)])
    return data, container("zip", data, [member("middle.zip", zip_node)], facts={"depth": 4})


def unicode_name_zip():
    """Names in UTF-8 with the flag, in GBK without it, and in GBK with Info-ZIP's Unicode path beside it."""
    a, b, c, d = tables.small_csv(8), tables.small_csv(9), note(10), small_book(11).made()
    names = ["会员/名单.csv", "客户.csv", f"合同/{P[12].name}.txt", "表格.xlsx"]
    gbk = [n.encode("gbk") for n in names]
    path = lambda i: struct.pack("<HHBI", 0x7075, 5 + len(names[i].encode()), 1, zlib.crc32(gbk[i])) + names[i].encode()
    data = zip_bytes([Entry("会员/".encode(), b"", method=0, attributes=0x10), Entry(names[0].encode(), a[0]), Entry(gbk[1], b[0], flags=0), Entry(names[2].encode(), c[0], method=0),
                      Entry(gbk[3], d[0], method=0, flags=0, extra=path(3))])
    members = [member(names[0], a[1]), member(names[1], b[1], gbk[1], name_encoding="gbk"), member(names[2], c[1]), member(names[3], d[1], gbk[3], name_encoding="gbk, and utf-8 in extra field 0x7075")]
    return data, container("zip", data, members, folders=["会员/"])


def streamed_zip():
    """Sizes only behind the data and in the central directory: usual, not forged."""
    a, b = tables.small_csv(13), tables.small_csv(14)
    data = zip_bytes([Entry(b"a.csv", a[0], flags=UTF8 | STREAMED), Entry(b"b.csv", b[0], flags=UTF8)])
    return data, container("zip", data, [member("a.csv", a[1]), member("b.csv", b[1])])


def zip64_zip():
    """A ZIP64 size field in a local header: usual for programs that do not know the size beforehand."""
    a = tables.small_csv(15)
    data = zip_bytes([Entry(b"a.csv", a[0], zip64=True)])
    return data, container("zip", data, [member("a.csv", a[1])])


def commented_zip():
    """A value in the archive's comment, one in a member's."""
    a = tables.small_csv(16)
    comments = [f"制作人 {P[17].name}", f"电话 {P[18].mobile}"]
    data = zip_bytes([Entry(b"a.csv", a[0], comment=comments[0].encode())], comment=comments[1].encode())
    planted = plants_in(comments[0], {"place": "member_comment", "member": "a.csv"}) + plants_in(comments[1], {"place": "archive_comment"})
    return data, container("zip", data, [member("a.csv", a[1])], planted=planted, parts={"": data})


def concatenated_gz():
    """Two gzip streams behind each other are one file."""
    data, n = tables.small_csv(19, 20, 21, 22)
    cut = len(data) // 2
    packed = gz(data[:cut], b"rows.csv") + gz(data[cut:])
    return packed, container("gz", packed, [member("rows.csv", n)], facts={"streams": 2})


def good():
    """The good containers."""
    return {
        "data.gz": gz_of("data.csv", tables.small_csv(1, 2, 3)),
        "nameless.csv.gz": gz_of("", tables.small_csv(4), "nameless.csv"),
        "concatenated.gz": concatenated_gz(),
        "bundle.tar": bundle_tar(),
        "nested.zip": nested_zip(),
        "unicode-name.zip": unicode_name_zip(),
        "streamed.zip": streamed_zip(),
        "zip64.zip": zip64_zip(),
        "commented.zip": commented_zip(),
    }
