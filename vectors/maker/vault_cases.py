"""Vector 13: unit bytes, slot bytes, the slot file before, during and after a shred, and what a crash leaves."""

from . import slots
from .primitives import FIXED_KEY, digits_to, filler, flip, sha256, u32, u64

ABOUT = (
    "kind unit: unit_key = K(person_key, unit, segment | u64 unit), sealed = AES-256-GCM-SIV(unit_key, nonce, aad, "
    "plaintext). kind unit_broken: opening must fail. kind slot: one slot. kind file: whole slot file; keys lists the "
    "key of each slot, null for zeros. kind file_refused: the header is refused. kind file_damaged: the header is "
    "good, slots lists what each slot is: live, zero or broken. A file is given as header (its first 104 bytes) and body: "
    "header | 3992 zero bytes | body; where it has no such form, as file. All binary is hex. kind crash: a shred of the slots in "
    "listed, cut off after (or inside) a step of section 8; files holds slots, slots_next (slots.next) and slots_old "
    "(slots.old), null where there is none; holder the epoch keys that the holder then has, by epoch. restart: from is the step "
    "that the restart does (again) first; first_epoch the least epoch of a new slots.next, if one is to be made; after it and the "
    "rest of the shred, epoch_min is the least epoch of slots (and epoch_max the greatest, where no new file is made); live the "
    "key of each slot from 1 on, null for zeros; index_key slot 0 where it is settled; gone_index_key never stands there again; "
    "holder_without: epoch keys that the holder must no longer have; file_gone: files that must no longer be there. "
    "Mirrors and index file are left out. open: inside a step, where the table speaks of the end of steps only."
)

E1, E2 = filler("epoch key 1"), filler("epoch key 2")
ID1, ID2 = filler("file id 1", 16), filler("file id 2", 16)
EPOCH = 41
INDEX_1, INDEX_2 = filler("index key before"), filler("index key after")
PEOPLE = [filler(f"person key {n}") for n in range(1, 8)]
DEAD_SLOTS = [2, 5, 6]


def cases():
    return _units() + _slots() + _shred() + _refused() + _damaged() + _crashes()


def _unit(name, person_key, segment, unit, plaintext):
    key, sealed = slots.seal_unit(person_key, segment, unit, plaintext)
    return {
        "name": "unit: " + name,
        "kind": "unit",
        "person_key": person_key.hex(),
        "segment": segment.hex(),
        "unit": unit,
        "unit_key": key.hex(),
        "nonce": bytes(12).hex(),
        "aad": (segment + u64(unit)).hex(),
        "plaintext": plaintext.hex(),
        "sealed": sealed.hex(),
    }


def _units():
    segment, person = filler("segment", 16), b"\xaa" * 32
    good = [
        _unit("first", person, segment, 0, b"the rows of one subject"),
        _unit("second unit of the segment, same bytes", person, segment, 1, b"the rows of one subject"),
        _unit("another person, same bytes", b"\xbb" * 32, segment, 0, b"the rows of one subject"),
        _unit("another segment, same bytes", person, filler("segment 2", 16), 0, b"the rows of one subject"),
        _unit("empty", person, segment, 2, b""),
        _unit("16 bytes", person, segment, 3, bytes(16)),
        _unit("17 bytes", person, segment, 2**53 - 1, bytes(17)),
        _unit("1,000 bytes", FIXED_KEY, bytes(16), 4, filler("rows", 1000)),
    ]
    sealed = bytes.fromhex(good[0]["sealed"])
    changes = [
        ("bit flipped in the text", person, segment, 0, flip(sealed, 3)),
        ("bit flipped in the tag", person, segment, 0, flip(sealed, len(sealed) * 8 - 1)),
        ("last byte missing", person, segment, 0, sealed[:-1]),
        ("only 15 bytes", person, segment, 0, sealed[:15]),
        ("opened as another unit", person, segment, 1, sealed),
        ("opened as another segment", person, filler("segment 2", 16), 0, sealed),
        ("opened with another person's key", b"\xbb" * 32, segment, 0, sealed),
    ]
    return good + [
        {"name": "unit broken: " + name, "kind": "unit_broken", "person_key": p.hex(), "segment": s.hex(), "unit": u, "sealed": b.hex()}
        for name, p, s, u, b in changes
    ]


def _slot(name, epoch_key, file_id, epoch, index, key):
    return {
        "name": "slot: " + name,
        "kind": "slot",
        "epoch_key": epoch_key.hex(),
        "file_id": file_id.hex(),
        "epoch": epoch,
        "index": index,
        "person_key": key.hex(),
        "offset": slots.HEADER + slots.SLOT * index,
        "nonce": (bytes(4) + u64(index)).hex(),
        "aad": (file_id + u64(epoch)).hex(),
        "slot": slots.slot(epoch_key, file_id, epoch, index, key).hex(),
    }


def _slots():
    fixed = _slot("fixed point", FIXED_KEY, bytes(16), 1, 5, b"\xaa" * 32)
    digits_to("51950de9\u2026833fceae", fixed["slot"])
    return [
        fixed,
        _slot("same key in another slot", FIXED_KEY, bytes(16), 1, 6, b"\xaa" * 32),
        _slot("same slot in the next epoch", FIXED_KEY, bytes(16), 2, 5, b"\xaa" * 32),
        _slot("same slot in another file", FIXED_KEY, ID1, 1, 5, b"\xaa" * 32),
        _slot("slot 0", E1, ID1, EPOCH, 0, INDEX_1),
        _slot("a high slot", E1, ID1, EPOCH, 10_000_000, PEOPLE[0]),
    ]


def _parts(data):
    """The file without its 3,992 zeros where it has them, else the file."""
    if len(data) < slots.HEADER or any(data[104 : slots.HEADER]):
        return {"file": data.hex(), "file_sha256": sha256(data).hex()}
    return {"header": data[:104].hex(), "body": data[slots.HEADER :].hex(), "file_sha256": sha256(data).hex()}


def _file(name, data, epoch_key, file_id, epoch, keys):
    assert slots.open_slots(data, epoch_key) == keys
    return {
        "name": "file: " + name,
        "kind": "file",
        "epoch_key": epoch_key.hex(),
        "file_id": file_id.hex(),
        "epoch": epoch,
        "epoch_check": slots.epoch_check(epoch_key, file_id, epoch).hex(),
        "header_sha256": data[72:104].hex(),
        "slot_count": len(keys),
        "keys": [key and key.hex() for key in keys],
        **_parts(data),
    }


def _keys_before():
    return [INDEX_1] + PEOPLE + [None]


def _before():
    return slots.slot_file(E1, ID1, EPOCH, _keys_before())


def _shred():
    before, zeroed = _before(), bytearray(_before())
    left = _keys_before()
    for n in DEAD_SLOTS:
        at = slots.HEADER + slots.SLOT * n
        zeroed[at : at + slots.SLOT] = slots.DEAD
        left[n] = None
    rewrapped = [INDEX_2] + left[1:]
    after = slots.slot_file(E2, ID2, EPOCH + 1, rewrapped)
    torn = before + before[-96 : -96 + 17]
    return [
        _file("header only", slots.slot_file(FIXED_KEY, bytes(16), 1, []), FIXED_KEY, bytes(16), 1, []),
        _file("before the shred, last slot free", before, E1, ID1, EPOCH, _keys_before()),
        _file("after step 1: listed slots zero, nothing else changed", bytes(zeroed), E1, ID1, EPOCH, left) | {"dead": DEAD_SLOTS},
        _file("after step 2: epoch + 1, new file id, new index key, live slots re-wrapped", after, E2, ID2, EPOCH + 1, rewrapped)
        | {"dead": DEAD_SLOTS},
        _file("torn append: 17 bytes after the last whole slot are cut", torn, E1, ID1, EPOCH, _keys_before()) | {"torn_bytes": 17},
    ]


def _refused():
    good = _before()

    def rehashed(head):
        return head + sha256(head) + good[104:]

    given = [
        ("empty file", b"", E1, "shorter than the header"),
        ("4,095 bytes", good[:4095], E1, "shorter than the header"),
        ("another magic", rehashed(b"CUSTSLOU" + good[8:72]), E1, "magic"),
        ("version 2", rehashed(good[:8] + u32(2) + good[12:72]), E1, "version"),
        ("slot size 64", rehashed(good[:12] + u32(64) + good[16:72]), E1, "slot size"),
        ("header digest wrong", flip(good, 72 * 8), E1, "header digest"),
        ("bit flipped in the file id", flip(good, 16 * 8), E1, "header digest"),
        ("bit flipped in the epoch", flip(good, 39 * 8), E1, "header digest"),
        ("file id changed, digest made anew", rehashed(flip(good, 16 * 8)[:72]), E1, "epoch key does not fit"),
        ("epoch raised, digest made anew", rehashed(good[:32] + u64(EPOCH + 1) + good[40:72]), E1, "epoch key does not fit"),
        ("the next epoch's key", good, E2, "epoch key does not fit"),
        ("a byte in the header's padding", flip(good, 4095 * 8), E1, "header padding is not zero"),
    ]
    out = []
    for name, data, key, reason in given:
        assert _refusal(data, key) == reason, (name, _refusal(data, key))
        case = {"name": "refused: " + name, "kind": "file_refused", "epoch_key": key.hex(), "reason": reason}
        out.append(case | _parts(data))
    return out


def _refusal(data, key):
    try:
        slots.open_slots(data, key)
    except slots.Broken as broken:
        return str(broken)
    return None


def _damaged():
    good, size = _before(), slots.SLOT
    at = slots.HEADER
    one, three = good[at + size : at + 2 * size], good[at + 3 * size : at + 4 * size]
    half = good[: at + 2 * size] + bytes(24) + good[at + 2 * size + 24 :]
    exchanged = good[: at + size] + three + good[at + 2 * size : at + 3 * size] + one + good[at + 4 * size :]
    stale = good[: at + size] + slots.slot(E1, ID1, EPOCH - 1, 1, PEOPLE[0]) + good[at + 2 * size :]
    given = [
        ("bit flipped in slot 4", flip(good, (at + 4 * size) * 8)),
        ("slot 2 half zeroed", half),
        ("slots 1 and 3 exchanged", exchanged),
        ("slot 1 from an older epoch", stale),
        ("last byte of the last live slot missing, so only a torn slot stands there", good[: at + 8 * size - 1]),
    ]
    out = []
    for name, data in given:
        found = slots.open_slots(data, E1)
        words = ["zero" if k is None else "broken" if k == "broken" else "live" for k in found]
        out.append({"name": "damaged: " + name, "kind": "file_damaged", "epoch_key": E1.hex(), "slots": words, **_parts(data)})
    return out


def _crashes():
    """What lies on the disk and with the holder when a shred is cut off, for each row of the table in section 8."""
    size, before = slots.SLOT, _before()
    left = [None if n in DEAD_SLOTS else key for n, key in enumerate(_keys_before())]
    zeroed = _zero(before, DEAD_SLOTS)
    after = slots.slot_file(E2, ID2, EPOCH + 1, [INDEX_2] + left[1:])
    half = _zero(before, DEAD_SLOTS[:1])
    at = slots.HEADER + size * DEAD_SLOTS[1]
    half = half[:at] + bytes(20) + half[at + 20 :]
    torn = after[: slots.HEADER + size * 3 + 11]
    wiped = bytes(slots.HEADER + size * 3) + zeroed[slots.HEADER + size * 3 :]
    old, new, both = {EPOCH: E1}, {EPOCH + 1: E2}, {EPOCH: E1, EPOCH + 1: E2}
    # (when, slots, slots.next, slots.old, holder, step to go on with, epoch of a new slots.next)
    given = [
        ("inside step 1: one slot zero, one half zero", half, None, None, old, 1, EPOCH + 1),
        ("after step 1", zeroed, None, None, old, 1, EPOCH + 1),
        ("inside step 2: slots.next torn", zeroed, torn, None, old, 2, EPOCH + 2),
        ("after step 2", zeroed, after, None, old, 2, EPOCH + 2),
        ("after step 3", zeroed, after, None, both, 2, EPOCH + 2),
        ("after step 4", zeroed, after, None, both, 2, EPOCH + 2),
        ("inside step 5: between the two renames", None, after, zeroed, both, 5, None),
        ("after step 5", after, None, zeroed, both, 6, None),
        ("inside step 6: slots.old overwritten up to slot 2", after, None, wiped, both, 6, None),
        ("after step 6", after, None, None, both, 6, None),
        ("after step 7", after, None, None, new, 7, None),
        ("after step 8", after, None, None, new, 8, None),
    ]
    return [_crash(*state, left) for state in given]


def _zero(data, indices):
    out = bytearray(data)
    for n in indices:
        at = slots.HEADER + slots.SLOT * n
        out[at : at + slots.SLOT] = slots.DEAD
    return bytes(out)


def _crash(when, now, coming, old, holder, step, first_epoch, left):
    restart = {
        "from": step,
        "epoch_min": first_epoch or EPOCH + 1,
        "live": [key and key.hex() for key in left[1:]],
        "gone_index_key": INDEX_1.hex(),
        "holder_without": [E1.hex()] + ([E2.hex()] if first_epoch == EPOCH + 2 else []),
        "file_gone": ["slots_next", "slots_old"],
    }
    if first_epoch is None:
        restart |= {"epoch_max": EPOCH + 1, "index_key": INDEX_2.hex()}
        # The file that is or comes into force already is the answer.
        assert slots.open_slots(now or coming, E2)[1:] == left[1:]
    else:
        restart["first_epoch"] = first_epoch
        # The file in force gives every live key; at most the listed slots are unreadable, and those are zeroed again.
        found = slots.open_slots(now, E1)
        assert all(found[n] == key for n, key in enumerate(left) if n not in DEAD_SLOTS)
    case = {
        "name": "crash: " + when,
        "kind": "crash",
        "listed": DEAD_SLOTS,
        "files": {name: data and _parts(data) for name, data in (("slots", now), ("slots_next", coming), ("slots_old", old))},
        "holder": {str(epoch): key.hex() for epoch, key in holder.items()},
        "restart": restart,
    }
    return case | ({"open": True} if when.startswith("inside") else {})
