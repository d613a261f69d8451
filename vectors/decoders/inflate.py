"""Decompresses pglz, LZ4 blocks and zlib streams, and gives what could be read when the rest is damaged."""

import zlib

UNKNOWN = 0x3F


def _copy(out, distance, length):
    """Appends `length` bytes from `distance` bytes back; the two may overlap."""
    if distance >= length:
        start = len(out) - distance
        out += out[start:start + length]
    else:
        piece = bytes(out[-distance:])
        out += (piece * (length // distance + 1))[:length]


def pglz(data, rawsize, start=0, headless=False):
    """Decodes PostgreSQL's own compression from `start`, up to `rawsize` bytes.

    Stops at the first impossible item. With `headless` the beginning of the stream may
    be missing: bytes copied from before it come out as question marks.
    """
    out, at, end = bytearray(), start, len(data)
    while at < end and len(out) < rawsize:
        control = data[at]
        at += 1
        if control == 0:
            out += data[at:at + 8]
            at += 8
            continue
        for bit in range(8):
            if at >= end or len(out) >= rawsize:
                break
            if not control >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            if at + 1 >= end:
                return bytes(out)
            length = (data[at] & 0x0F) + 3
            distance = (data[at] & 0xF0) << 4 | data[at + 1]
            at += 2
            if length == 18:
                if at >= end:
                    return bytes(out)
                length += data[at]
                at += 1
            if distance == 0 or distance > len(out) and not headless:
                return bytes(out)
            if distance > len(out):
                missing = min(length, distance - len(out))
                out += bytes([UNKNOWN]) * missing
                length -= missing
            _copy(out, distance, length)
    return bytes(out[:rawsize])


def lz4(data, rawsize):
    """Decodes one LZ4 block up to `rawsize` bytes; stops at the first impossible item."""
    out, at, end = bytearray(), 0, len(data)
    while at < end and len(out) < rawsize:
        token = data[at]
        literals, at = _lz4_length(data, at + 1, token >> 4)
        out += data[at:at + literals]
        at += literals
        if at + 2 > end:
            break
        distance = data[at] | data[at + 1] << 8
        length, at = _lz4_length(data, at + 2, token & 15)
        if distance == 0 or distance > len(out) or length > rawsize:
            break
        _copy(out, distance, length + 4)
    return bytes(out[:rawsize])


def _lz4_length(data, at, length):
    """A length of 15 goes on in the following bytes, up to one that is not 255."""
    if length == 15:
        while at < len(data):
            length += data[at]
            at += 1
            if data[at - 1] != 255:
                break
    return length, at


def zlib_stream(data):
    """(inflated bytes, bytes after the stream); what came out before an error, if there is one."""
    if not is_zlib_header(data):
        return b"", b""
    stream, out = zlib.decompressobj(), bytearray()
    try:
        for at in range(0, len(data), 256):
            out += stream.decompress(data[at:at + 256])
            if stream.eof:
                return bytes(out), stream.unused_data + data[at + 256:]
    except zlib.error:
        pass
    return bytes(out), b""


def is_zlib_header(data):
    """True for the two bytes that begin a zlib stream."""
    return len(data) >= 2 and data[0] & 15 == 8 and data[0] >> 4 <= 7 and (data[0] << 8 | data[1]) % 31 == 0
