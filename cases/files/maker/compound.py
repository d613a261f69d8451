"""OLE compound files (CFB, version 3) with large streams, and an old workbook (BIFF8) in one."""

import struct

from .people import P
from .record import node, plants_in

SECTOR, END, FREE, FAT = 512, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def _directory_entry(name, kind, start, size, left=FREE, right=FREE, child=FREE):
    raw = (name + "\0").encode("utf-16-le") if name else b""
    return raw.ljust(64, b"\0") + struct.pack("<HBBIII16sIQQIQ", len(raw), kind, 1, left, right, child, bytes(16), 0, 0, 0, start, size)


def compound(streams):
    """At most three streams of at least 4,096 bytes each, names in order of length, then of letters."""
    names = sorted(streams, key=lambda n: (len(n), n.upper()))
    fat, body, starts = [FAT, END], b"", {}
    for n in names:
        data = streams[n] + bytes(-len(streams[n]) % SECTOR)
        assert len(streams[n]) >= 4096
        starts[n] = len(fat)
        count = len(data) // SECTOR
        fat += [len(fat) + i + 1 for i in range(count - 1)] + [END]
        body += data
    assert len(fat) <= SECTOR // 4
    fat += [FREE] * (SECTOR // 4 - len(fat))
    middle = len(names) // 2
    entries = [_directory_entry("Root Entry", 5, END, 0, child=1 + middle)]
    for i, n in enumerate(names):
        left, right = (i if i == middle and i > 0 else FREE), (i + 2 if i == middle and i + 1 < len(names) else FREE)
        entries.append(_directory_entry(n, 2, starts[n], len(streams[n]), left, right))
    entries += [_directory_entry("", 0, 0, 0)] * (4 - len(entries))
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6sIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, bytes(6), 0, 1, 1, 0, 4096, END, 0, END, 0)
    head += struct.pack("<I", 0) + struct.pack("<I", FREE) * 108
    return head + struct.pack(f"<{len(fat)}I", *fat) + b"".join(entries) + body


def _record(kind, data=b""):
    return struct.pack("<HH", kind, len(data)) + data


def _string(text, wide=2):
    return struct.pack("<HB" if wide == 2 else "<BB", len(text), 1) + text.encode("utf-16-le")


def old_xls():
    """One sheet; text in the shared table, one number."""
    rows = [["姓名", "手机"], [P[16].name, P[16].mobile], [P[17].name, P[17].mobile]]
    strings = [v for row in rows for v in row]
    begin = lambda kind: _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))
    table = _record(0x00FC, struct.pack("<II", len(strings), len(strings)) + b"".join(_string(s) for s in strings))
    before = begin(5) + _record(0x0042, struct.pack("<H", 1200))
    bound = lambda at: _record(0x0085, struct.pack("<IBB", at, 0, 0) + _string("名单", 1))
    at = len(before) + len(bound(0)) + len(table) + 4
    sheet = begin(0x10) + _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, 3, 0))
    for r, row in enumerate(rows):
        for c in range(2):
            sheet += _record(0x00FD, struct.pack("<HHHI", r, c, 0, r * 2 + c))
        sheet += _record(0x0203, struct.pack("<HHHd", r, 2, 0, r * 10.0))
    stream = before + bound(at) + table + _record(0x000A) + sheet + _record(0x000A)
    stream = stream.ljust(4608, b"\0")
    data = compound({"Workbook": stream})
    planted = []
    for i, value in enumerate(strings):
        planted += plants_in(value, {"part": "Workbook", "sheet": "名单", "cell": f"{'AB'[i % 2]}{i // 2 + 1}"})
    info = [{"name": "名单", "state": "visible", "table": {str(r + 1): [*row, str(r * 10)] for r, row in enumerate(rows)}}]
    return data, node("xls", data, codec="utf-16-le", planted=planted, parts={"Workbook": stream}, units={"unit": "row", "count": 3}, sheets=info)
