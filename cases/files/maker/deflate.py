"""An own deflate writer, so that the bytes do not depend on the version of a library."""

import struct
import zlib


class Bits:
    """Bits, least significant first."""

    def __init__(self):
        self.out = bytearray()
        self.acc = 0
        self.held = 0

    def put(self, value, count):
        """Appends `count` bits of `value`."""
        self.acc |= value << self.held
        self.held += count
        while self.held >= 8:
            self.out.append(self.acc & 0xFF)
            self.acc >>= 8
            self.held -= 8

    def code(self, value, count):
        """Appends a Huffman code: most significant bit first."""
        self.put(int(f"{value:0{count}b}"[::-1], 2), count)

    def zeros(self, count):
        """Appends many zero bits quickly."""
        first = min(count, (8 - self.held) % 8)
        self.put(0, first)
        self.out += bytes((count - first) // 8)
        self.put(0, (count - first) % 8)

    def bytes(self):
        """All of it, filled up with zero bits."""
        return bytes(self.out) + (bytes([self.acc & 0xFF]) if self.held else b"")


def _literal(bits, sym):
    if sym < 144:
        bits.code(0x30 + sym, 8)
    elif sym < 256:
        bits.code(0x190 + sym - 144, 9)
    elif sym < 280:
        bits.code(sym - 256, 7)
    else:
        bits.code(0xC0 + sym - 280, 8)


def _lengths():
    table, base = [], 3
    for sym in range(257, 285):
        extra = 0 if sym < 265 else (sym - 261) // 4
        table.append((base, extra, sym))
        base += 1 << extra
    return table + [(258, 0, 285)]


def _distances():
    table, base = [], 1
    for sym in range(30):
        extra = 0 if sym < 4 else sym // 2 - 1
        table.append((base, extra, sym))
        base += 1 << extra
    return table


def _by_value(table, last):
    out, at = [None] * (last + 1), 0
    for value in range(table[0][0], last + 1):
        while at + 1 < len(table) and table[at + 1][0] <= value:
            at += 1
        out[value] = table[at]
    return out


LENGTHS = _by_value(_lengths(), 258)
DISTANCES = _by_value(_distances(), 32768)


def _match(data, at, before):
    limit = min(258, len(data) - at)
    n = 0
    while n < limit and data[before + n] == data[at + n]:
        n += 1
    return n


def deflate(data: bytes) -> bytes:
    """One block with the fixed codes; greedy matches of the last place with the same three bytes."""
    bits, seen, at = Bits(), {}, 0
    bits.put(1, 1)
    bits.put(1, 2)
    while at < len(data):
        key = data[at:at + 3]
        before = seen.get(key, -1) if len(key) == 3 else -1
        seen[key] = at
        length = _match(data, at, before) if 0 <= before and at - before <= 32768 else 0
        if length < 4:
            _literal(bits, data[at])
            at += 1
            continue
        base, extra, sym = LENGTHS[length]
        _literal(bits, sym)
        bits.put(length - base, extra)
        base, extra, sym = DISTANCES[at - before]
        bits.code(sym, 5)
        bits.put(at - before - base, extra)
        at += length
    _literal(bits, 256)
    return bits.bytes()


def deflate_zeros(count: int) -> bytes:
    """`count` zero bytes, two bits for 258 of them: about 1,032 to 1."""
    bits = Bits()
    bits.put(1, 1)
    bits.put(2, 2)
    bits.put(29, 5)
    bits.put(0, 5)
    order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]
    bits.put(len(order) - 4, 4)
    for sym in order:
        bits.put({18: 1, 1: 2, 2: 2}.get(sym, 0), 3)

    def gap(n):
        bits.code(0, 1)
        bits.put(n - 11, 7)

    bits.code(3, 2)
    gap(138)
    gap(117)
    bits.code(3, 2)
    gap(28)
    bits.code(2, 2)
    bits.code(2, 2)
    whole, rest = divmod(count - 1, 258)
    bits.code(2, 2)
    bits.zeros(2 * whole)
    for _ in range(rest):
        bits.code(2, 2)
    bits.code(3, 2)
    return bits.bytes()


def crc_zeros(count: int) -> int:
    """The CRC-32 of `count` zero bytes."""
    crc, piece = 0, bytes(1 << 24)
    while count > 0:
        crc = zlib.crc32(piece[:min(count, len(piece))], crc)
        count -= len(piece)
    return crc


def zlib_stream(data: bytes) -> bytes:
    """A zlib stream, as PDF's FlateDecode wants it."""
    return b"\x78\x01" + deflate(data) + struct.pack(">I", zlib.adler32(data))


def gz(data: bytes, name: bytes = b"") -> bytes:
    """One gzip stream without a time."""
    head = b"\x1f\x8b\x08" + bytes([8 if name else 0]) + bytes(4) + b"\x00\xff"
    head += name + b"\0" if name else b""
    return head + deflate(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def gz_zeros(count: int, name: bytes) -> bytes:
    """A gzip stream of `count` zero bytes."""
    head = b"\x1f\x8b\x08\x08" + bytes(4) + b"\x00\xff" + name + b"\0"
    return head + deflate_zeros(count) + struct.pack("<II", crc_zeros(count), count & 0xFFFFFFFF)
