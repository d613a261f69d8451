"""`rows/v1`: the bytes of one row, and a reader that accepts nothing else."""

import struct

from .primitives import u32, u64

MAGIC = b"rows/v1\x00"
TAGS = ["null", "integer", "real", "text", "blob", "other"]
FIXED_LENGTH = {0: 0, 1: 8, 2: 8}


def rows_v1(columns):
    """Columns as (tag, bytes); ordinals count from 0."""
    out = MAGIC + u32(len(columns))
    for ordinal, (tag, data) in enumerate(columns):
        out += u32(ordinal) + bytes([tag]) + u64(len(data)) + data
    return out


def integer(number):
    return (1, struct.pack(">q", number))


def real(bits):
    return (2, struct.pack(">Q", bits))


def text(value):
    return (3, value.encode("utf-8"))


def fault(data):
    """Why the bytes are no rows/v1, or None."""
    if data[:8] != MAGIC:
        return "magic"
    if len(data) < 12:
        return "too short"
    count, at = int.from_bytes(data[8:12], "big"), 12
    for ordinal in range(count):
        if len(data) < at + 13:
            return "too short"
        found, tag = int.from_bytes(data[at : at + 4], "big"), data[at + 4]
        length = int.from_bytes(data[at + 5 : at + 13], "big")
        at += 13 + length
        if found != ordinal:
            return "ordinal"
        if tag >= len(TAGS):
            return "tag"
        if FIXED_LENGTH.get(tag, length) != length:
            return "length of the tag"
        if at > len(data):
            return "too short"
    return None if at == len(data) else "trailing bytes"
