"""Units and the slot file of section 8."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from .primitives import keyed, sha256, u32, u64

HEADER = 4096
SLOT = 48
DEAD = bytes(SLOT)


def seal_unit(person_key, segment, unit, plaintext):
    """(unit key, sealed bytes)"""
    place = segment + u64(unit)
    key = keyed(person_key, "unit", place)
    return key, AESGCMSIV(key).encrypt(bytes(12), plaintext, place)


def epoch_check(epoch_key, file_id, epoch):
    return keyed(epoch_key, "epoch-check", file_id + u64(epoch))


def header(epoch_key, file_id, epoch):
    head = b"CUSTSLOT" + u32(1) + u32(SLOT) + file_id + u64(epoch) + epoch_check(epoch_key, file_id, epoch)
    assert len(head) == 72
    return (head + sha256(head)).ljust(HEADER, b"\x00")


def slot(epoch_key, file_id, epoch, index, person_key):
    nonce = bytes(4) + u64(index)
    return AESGCMSIV(epoch_key).encrypt(nonce, person_key, file_id + u64(epoch))


def slot_file(epoch_key, file_id, epoch, keys):
    """The whole file; None in `keys` is a slot that is free or shredded."""
    out = header(epoch_key, file_id, epoch)
    for index, key in enumerate(keys):
        out += DEAD if key is None else slot(epoch_key, file_id, epoch, index, key)
    return out


class Broken(Exception):
    pass


def open_slots(data, epoch_key):
    """Per slot: the key, None for zeros, or `broken`. Raises Broken if the header is refused."""
    head = data[:HEADER]
    if len(head) < HEADER:
        raise Broken("shorter than the header")
    if head[:8] != b"CUSTSLOT":
        raise Broken("magic")
    if head[72:104] != sha256(head[:72]):
        raise Broken("header digest")
    if head[8:12] != u32(1):
        raise Broken("version")
    if head[12:16] != u32(SLOT):
        raise Broken("slot size")
    if any(head[104:]):
        raise Broken("header padding is not zero")
    file_id, epoch = head[16:32], int.from_bytes(head[32:40], "big")
    if head[40:72] != epoch_check(epoch_key, file_id, epoch):
        raise Broken("epoch key does not fit")
    count = (len(data) - HEADER) // SLOT
    return [_open(data[HEADER + SLOT * i :][:SLOT], epoch_key, file_id, epoch, i) for i in range(count)]


def _open(sealed, epoch_key, file_id, epoch, index):
    if sealed == DEAD:
        return None
    try:
        return AESGCMSIV(epoch_key).decrypt(bytes(4) + u64(index), sealed, file_id + u64(epoch))
    except InvalidTag:
        return "broken"
