"""The canonical zip of section 11: a writer, and a reader that accepts only what the writer writes."""

import re
import struct
import zlib

DEFAULTS = {"version": 20, "flags": 0, "method": 0, "time": 0, "date": 0x0021, "extra": b"", "comment": b"", "attributes": 0}
NAME = re.compile(rb"[a-z0-9._/-]+\Z")


class Refused(Exception):
    pass


def write(members, local=None, central=None, gap=b"", end=None, order=None):
    """Members as (name, content). The other arguments spoil the result on purpose.

    `local` and `central`: {member index: {field: value}}; `gap`: bytes before the first
    member; `end`: fields of the end record; `order`: order of the central directory.
    """
    body, entries = gap, []
    for n, (name, content) in enumerate(members):
        entries.append(_central(name, content, len(body), (central or {}).get(n, {})))
        body += _local(name, content, (local or {}).get(n, {}))
    directory = b"".join(entries[n] for n in order or range(len(entries)))
    return body + directory + _end(len(entries), len(directory), len(body), end or {})


def _local(name, content, spoiled):
    f = DEFAULTS | {"name": name, "crc": zlib.crc32(content), "size": len(content), "stored": content} | spoiled
    head = struct.pack(
        "<IHHHHHIIIHH",
        0x04034B50,
        f["version"],
        f["flags"],
        f["method"],
        f["time"],
        f["date"],
        f["crc"],
        len(f["stored"]),
        f["size"],
        len(f["name"]),
        len(f["extra"]),
    )
    return head + f["name"] + f["extra"] + f["stored"] + f.get("descriptor", b"")


def _central(name, content, offset, spoiled):
    f = (
        DEFAULTS
        | {
            "made_by": 20,
            "name": name,
            "crc": zlib.crc32(content),
            "packed": len(content),
            "size": len(content),
            "disk": 0,
            "internal": 0,
            "offset": offset,
        }
        | spoiled
    )
    head = struct.pack(
        "<IHHHHHHIIIHHHHHII",
        0x02014B50,
        f["made_by"],
        f["version"],
        f["flags"],
        f["method"],
        f["time"],
        f["date"],
        f["crc"],
        f["packed"],
        f["size"],
        len(f["name"]),
        len(f["extra"]),
        len(f["comment"]),
        f["disk"],
        f["internal"],
        f["attributes"],
        f["offset"],
    )
    return head + f["name"] + f["extra"] + f["comment"]


def _end(count, size, offset, spoiled):
    f = {"disk": 0, "start_disk": 0, "here": count, "count": count, "size": size, "offset": offset, "comment": b""} | spoiled
    return (
        struct.pack("<IHHHHIIH", 0x06054B50, f["disk"], f["start_disk"], f["here"], f["count"], f["size"], f["offset"], len(f["comment"]))
        + f["comment"]
    )


def read(data):
    """Members of a canonical zip; names and contents are taken from it and everything is written anew."""
    if len(data) < 22 or data[-22:-18] != b"PK\x05\x06":
        raise Refused("no end record at the end")
    count, _, at = struct.unpack("<HII", data[-12:-2])
    members = []
    for _ in range(count):
        head = data[at : at + 46]
        if len(head) < 46 or head[:4] != b"PK\x01\x02":
            raise Refused("central directory")
        packed, size = struct.unpack("<II", head[20:28])
        length, extra, comment = struct.unpack("<HHH", head[28:34])
        offset = struct.unpack("<I", head[42:46])[0]
        name = data[at + 46 : at + 46 + length]
        at += 46 + length + extra + comment
        start = offset + 30 + length
        members.append((name, data[start : start + packed]))
    names = [name for name, _ in members]
    if not all(NAME.match(n) or n == b"README.txt" for n in names):
        raise Refused("name")
    if len(set(names)) != len(names):
        raise Refused("name twice")
    if write(members) != data:
        raise Refused("not the bytes that are written for these names and contents")
    return members
