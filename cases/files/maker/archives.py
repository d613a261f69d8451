"""ZIP and TAR, written field by field so that each can lie."""

import struct
import zlib
from dataclasses import dataclass, field

from .deflate import deflate

UTF8, ENCRYPTED, STREAMED = 0x800, 0x1, 0x8
DOS_TIME, DOS_DATE = 0, 0x5C21  # 2026-01-01 00:00:00


@dataclass
class Entry:
    """One member of a ZIP. `local` and `central` override the fields of their headers."""

    name: bytes
    data: bytes = b""
    method: int = 8
    flags: int = UTF8
    attributes: int = 0
    made_by: int = 20
    extra: bytes = b""
    local_extra: bytes = None
    comment: bytes = b""
    packed: bytes = None
    crc: int = None
    size: int = None
    local: dict = field(default_factory=dict)
    central: dict = field(default_factory=dict)
    at: int = None
    zip64: bool = False


def _fields(e, overrides):
    packed = e.packed
    base = dict(name=e.name, flags=e.flags, method=e.method, crc=e.crc, packed_size=len(packed), size=e.size)
    base.update(overrides)
    return base


def zip_bytes(entries, comment=b"", prefix=b""):
    """The archive. An entry with `at` has no local part of its own, its central header points there."""
    out, places = bytearray(prefix), []
    for e in entries:
        if e.packed is None:
            e.packed = deflate(e.data) if e.method == 8 else e.data
        e.crc = zlib.crc32(e.data) if e.crc is None else e.crc
        e.size = len(e.data) if e.size is None else e.size
        if e.at is not None:
            places.append(e.at)
            continue
        places.append(len(out))
        f = _fields(e, e.local)
        extra = e.extra if e.local_extra is None else e.local_extra
        sizes = (f["packed_size"], f["size"])
        if e.zip64:
            extra += struct.pack("<HHQQ", 1, 16, sizes[1], sizes[0])
            sizes = (0xFFFFFFFF, 0xFFFFFFFF)
        if f["flags"] & STREAMED:
            f["crc"], sizes = 0, (0, 0)
        out += struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 45 if e.zip64 else 20, f["flags"], f["method"], DOS_TIME, DOS_DATE,
                           f["crc"], *sizes, len(f["name"]), len(extra)) + f["name"] + extra + e.packed
        if f["flags"] & STREAMED:
            out += struct.pack("<4sIII", b"PK\x07\x08", e.crc, len(e.packed), e.size)
    start = len(out)
    for e, place in zip(entries, places):
        f = _fields(e, e.central)
        out += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", e.made_by, 45 if e.zip64 else 20, f["flags"], f["method"], DOS_TIME, DOS_DATE,
                           f["crc"], f["packed_size"], f["size"], len(f["name"]), len(e.extra), len(e.comment), 0, 0, e.attributes, place)
        out += f["name"] + e.extra + e.comment
    size, count = len(out) - start, len(entries)
    if count > 0xFFFF:
        at = len(out)
        out += struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
        out += struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    short = min(count, 0xFFFF)
    out += struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, short, short, size, start, len(comment)) + comment
    return bytes(out)


def zip_of(parts, method=8):
    """A plain archive of name → bytes."""
    return zip_bytes([Entry(name.encode(), data, method=method) for name, data in parts.items()])


def zip_crypto(data: bytes, password: bytes, crc: int) -> bytes:
    """PKWARE's traditional encryption, with a fixed header."""
    table = []
    for i in range(256):
        c = i
        for _ in range(8):
            c = (c >> 1) ^ 0xEDB88320 if c & 1 else c >> 1
        table.append(c)
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(b):
        keys[0] = table[(keys[0] ^ b) & 0xFF] ^ (keys[0] >> 8)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = table[(keys[2] ^ (keys[1] >> 24)) & 0xFF] ^ (keys[2] >> 8)

    def cipher(b):
        t = keys[2] | 2
        out = b ^ (((t * (t ^ 1)) >> 8) & 0xFF)
        update(b)
        return out

    for b in password:
        update(b)
    head = bytes(range(11)) + bytes([crc >> 24])
    return bytes(cipher(b) for b in head + data)


def encrypted(name: bytes, data: bytes, password: bytes) -> Entry:
    """A member under a password."""
    crc = zlib.crc32(data)
    return Entry(name, data, flags=UTF8 | ENCRYPTED, packed=zip_crypto(deflate(data), password, crc))


def tar_head(name: bytes, size, kind=b"0", link=b"", mode=0o644, checksum=None, size_field=None):
    """One ustar header."""
    field12 = size_field if size_field is not None else f"{size:011o}\0".encode()
    head = name[:100].ljust(100, b"\0") + f"{mode:07o}\0".encode() + b"0000000\0" * 2 + field12
    head += f"{1767225600:011o}\0".encode() + b" " * 8 + kind + link[:100].ljust(100, b"\0")
    head += b"ustar\0" + b"00" + bytes(32) * 2 + b"0000000\0" * 2 + bytes(155 + 12)
    total = sum(head) if checksum is None else checksum
    return head[:148] + f"{total:06o}\0 ".encode() + head[156:]


def tar_member(name: bytes, data: bytes, kind=b"0", **more):
    """Header, data, padding."""
    return tar_head(name, len(data), kind, **more) + data + bytes(-len(data) % 512)


def tar_pax(name: bytes, data: bytes):
    """A member whose name stands in a PAX header."""
    record = b" path=" + name + b"\n"
    size = len(record)
    while len(str(size).encode() + record) != size:
        size = len(str(size).encode() + record)
    return tar_member(b"PaxHeaders/1", str(size).encode() + record, b"x") + tar_member(b"short-name", data)


def tar_gnu(name: bytes, data: bytes):
    """A member whose name stands in a GNU long-name block."""
    return tar_member(b"././@LongLink", name + b"\0", b"L") + tar_member(name, data)


TAR_END = bytes(1024)
