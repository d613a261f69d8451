"""Files that are too big, or too odd, to lie in a repository: made when a test asks."""

import os
import struct
import zlib

from . import tables
from .archives import DOS_DATE, UTF8, Entry, zip_bytes
from .deflate import crc_zeros, deflate, deflate_zeros, gz_zeros
from .people import P
from .record import node, plants_in, unread

GIB = 1 << 30
LINE = 50_000_000
MANY = 200_000


def bombs():
    zeros, crc = deflate_zeros(GIB), crc_zeros(GIB)
    one = lambda: Entry(b"zeros.csv", packed=zeros, crc=crc, size=GIB)
    single = zip_bytes([one()])
    out = {"zip_bomb.zip": (single, unread("zip", single, "ratio_too_high", facts={"unpacked_bytes": GIB, "ratio": GIB // len(single)}))}
    packed = {}
    level = single
    for depth in (1, 2):
        piece, sum_ = deflate(level), zlib.crc32(level)
        level = zip_bytes([Entry(f"{i}.zip".encode(), level, packed=piece, crc=sum_) for i in range(10)])
        packed[depth] = level
    out["zip_bomb_nested.zip"] = level, unread("zip", level, "ratio_too_high", reason_or=["too_large", "too_deep"], reason_at="inside", facts={"unpacked_bytes": 100 * GIB, "depth": 3})
    entries = [Entry(b"0000.csv", packed=zeros, crc=crc, size=GIB)] + [Entry(f"{i:04d}.csv".encode(), packed=zeros, crc=crc, size=GIB, at=0) for i in range(1, 1000)]
    shared = zip_bytes(entries)
    out["zip_bomb_overlap.zip"] = shared, unread("zip", shared, "overlapping_members", reason_or=["ratio_too_high", "name_forged"], facts={"unpacked_bytes": 1000 * GIB, "members": 1000})
    stream = gz_zeros(GIB, b"zeros.csv")
    out["gz_bomb.gz"] = stream, unread("gz", stream, "ratio_too_high", facts={"unpacked_bytes": GIB, "ratio": GIB // len(stream)})
    return out


def too_many():
    locals_, central = bytearray(), bytearray()
    for i in range(MANY):
        name = b"%06d.csv" % i
        central += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, UTF8, 0, 0, DOS_DATE, 0, 0, 0, len(name), 0, 0, 0, 0, 0, len(locals_)) + name
        locals_ += struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, UTF8, 0, 0, DOS_DATE, 0, 0, 0, len(name), 0) + name
    start, size = len(locals_), len(central)
    end = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, MANY, MANY, size, start) + struct.pack("<4sIQI", b"PK\x06\x07", 0, start + size, 1)
    data = bytes(locals_ + central) + end + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, size, start, 0)
    return data, unread("zip", data, "too_many_members", facts={"members": MANY})


def long_line():
    head, _ = tables.small_csv(1)
    data = head + f"{P[2].name},".encode() + b"x" * LINE + f" {P[2].mobile},{P[2].email}\n{P[3].name},{P[3].mobile},{P[3].email}\n".encode()
    planted = [dict(p, at={**p["at"], "row": n}) for n in (1, 2, 3) for p in tables.small_csv(n)[1]["planted"]]
    return data, unread("csv", data, "too_large", reason_or=["read"], planted=planted, parts={"": data}, units={"unit": "row", "count": 3}, facts={"longest_line": max(map(len, data.split(b"\n")))})


def lock_files():
    """What office programs leave beside a file that is open: the user's name."""
    name = P[4].name
    excel = bytes([len(name.encode("gbk"))]) + name.encode("gbk").ljust(54, b" ") + struct.pack("<H", len(name)) + (name.ljust(54)).encode("utf-16-le")
    at = {"place": "user_name"}
    planted = [dict(plants_in(name, at)[0], raw_hex=name.encode("gbk").hex()), dict(plants_in(name, at)[0], raw_hex=name.encode("utf-16-le").hex())]
    office = f",{P[5].name},desk-7,05.01.2026 09:00,file:///D:/profile;".encode()
    return {"~$members.xlsx": (excel, node("lock_file", excel, planted=planted)), ".~lock.members.xlsx#": (office, node("lock_file", office, encoding="utf-8", planted=plants_in(office.decode(), at)))}


def small():
    """Small files whose names or kinds a repository does not carry well: path to (bytes, node)."""
    dotted = tables.small_csv(6)
    inside = tables.small_csv(7)
    deep = "/".join(["很长的目录名称" * 7] * 5) + "/" + "名单" * 10 + ".csv"
    far = tables.small_csv(8)
    odd = tables.small_csv(9)
    out = {"folder/inside.csv": inside, "folder.": dotted, deep: far, **lock_files()}
    odd_node = dict(odd[1])
    odd_node["only"] = "unix"
    out["line\nbreak, \"quote\".csv"] = odd[0], odd_node
    for name in ("folder.", deep):
        data, n = out[name]
        out[name] = data, {**n, "only": "unix"}
    out["folder."][1]["note"] = "Windows drops the dot of such a name, so that it means the folder beside it"
    out[deep][1]["facts"] = {"path_bytes": len(deep.encode()), "path_chars": len(deep)}
    return out


def links():
    """Things that are not files: name to (kind, target)."""
    return {"link_to_a_file": ("link", "folder/inside.csv"), "link_to_its_own_folder": ("link", "."), "link_outside": ("link", "/etc/hostname"), "pipe": ("pipe", None)}


def files():
    """All of them: path to (bytes, node)."""
    return {**bombs(), "zip_too_many_members.zip": too_many(), "csv_long_line.csv": long_line(), **small()}


def link_nodes():
    """What is expected of links and pipes: left alone, named, never followed or opened."""
    return {name: {"kind": kind, "read": "none", "reason": "link" if kind == "link" else "special_file", "edit": "refused", "edit_reason": "link" if kind == "link" else "special_file",
                   "only": "unix", **({"target": target} if target else {}), "size": 0, "planted": []} for name, (kind, target) in links().items()}


def write(folder):
    """Makes them all in a folder."""
    for path, (data, n) in files().items():
        if n.get("only") == "unix" and os.name != "posix":
            continue
        full = os.path.join(folder, *path.split("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
    if os.name == "posix":
        for name, (kind, target) in links().items():
            full = os.path.join(folder, name)
            if os.path.lexists(full):
                os.remove(full)
            if kind == "link":
                os.symlink(target, full)
            else:
                os.mkfifo(full)
