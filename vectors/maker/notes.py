"""C2SP signed notes, checkpoints, Ed25519 cosignatures, witness requests and policies."""

import base64
import re

from . import ed25519, merkle
from .primitives import b64, sha256, u64

DASH = "\u2014"
LOG, COSIGNATURE = 1, 4


class Malformed(Exception):
    pass


def key_hash(name, kind, public):
    return sha256(name.encode("utf-8") + b"\n" + bytes([kind]) + public)[:4]


def vkey(name, kind, public):
    return f"{name}+{key_hash(name, kind, public).hex()}+{b64(bytes([kind]) + public)}"


def checkpoint(origin, size, root):
    return f"{origin}\n{size}\n{b64(root)}\n"


def signature_line(name, kind, public, signature):
    return f"{DASH} {name} {b64(key_hash(name, kind, public) + signature)}\n"


def cosigned(text, time):
    return f"cosignature/v1\ntime {time}\n{text}".encode("utf-8")


def cosignature(seed, text, time):
    return u64(time) + ed25519.sign(seed, cosigned(text, time))


def unb64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Malformed("base64")
    if b64(data) != text:
        raise Malformed("base64")
    return data


def read_vkey(text):
    """(name, key hash, kind, public)"""
    parts = text.split("+", 2)
    if len(parts) != 3 or not parts[0] or re.search(r"\s", parts[0]):
        raise Malformed("vkey")
    if not re.fullmatch("[0-9a-f]{8}", parts[1]):
        raise Malformed("vkey")
    key = unb64(parts[2])
    if len(key) != 33 or key[0] not in (LOG, COSIGNATURE):
        raise Malformed("vkey")
    if key_hash(parts[0], key[0], key[1:]).hex() != parts[1]:
        raise Malformed("vkey")
    return parts[0], bytes.fromhex(parts[1]), key[0], key[1:]


def read_checkpoint(text):
    if not text.endswith("\n"):
        raise Malformed("note text")
    lines = text[:-1].split("\n")
    if len(lines) < 3:
        raise Malformed("note text")
    if len(lines) > 3:
        raise Malformed("extension lines")
    origin, size, root = lines
    if not re.fullmatch("custody/[A-Za-z2-7]{26}", origin):
        raise Malformed("origin")
    if not re.fullmatch("0|[1-9][0-9]*", size):
        raise Malformed("size")
    digest = unb64(root)
    if len(digest) != 32:
        raise Malformed("root")
    if int(size) == 0 and digest != merkle.root([]):
        raise Malformed("root")
    return origin, int(size), digest


def read_note(data, vkeys, origin):
    """A head as it stands in a dossier: every line by a known key, and every line verifies."""
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("not UTF-8")
    if any(ord(c) < 32 and c != "\n" for c in note):
        raise Malformed("control character")
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise Malformed("signature lines")
    text += "\n"
    found = read_checkpoint(text)
    known = {(name, digest): (kind, public) for name, digest, kind, public in map(read_vkey, vkeys)}
    kinds = [_verified(line, text, known) for line in tail[:-1].split("\n")]
    if found[0] != origin:
        raise Malformed("another origin")
    if LOG not in kinds:
        raise Malformed("no signature of the log")
    return found


def _verified(line, text, known):
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != DASH or not parts[1] or "+" in parts[1]:
        raise Malformed("signature lines")
    blob = unb64(parts[2])
    if (parts[1], blob[:4]) not in known:
        raise Malformed("unknown key")
    kind, public = known[parts[1], blob[:4]]
    signature, message = blob[4:], text.encode("utf-8")
    if kind == COSIGNATURE:
        if len(signature) != 72:
            raise Malformed("signature")
        message = cosigned(text, int.from_bytes(signature[:8], "big"))
        signature = signature[8:]
    if ed25519.strict_fault(public, message, signature):
        raise Malformed("signature")
    return kind


def read_request(data, vkeys, origin, held_size, held_root):
    """An add-checkpoint body against what the witness holds (0 and the empty root: nothing)."""
    head, blank, note = data.partition(b"\n\n")
    lines = head.decode("ascii").split("\n")
    if not blank or not re.fullmatch("old (0|[1-9][0-9]*)", lines[0]):
        raise Malformed("old size line")
    if len(lines) > 64:
        raise Malformed("more than 63 hashes")
    old, proof = int(lines[0][4:]), [unb64(line) for line in lines[1:]]
    if any(len(p) != 32 for p in proof):
        raise Malformed("proof")
    _, size, root = read_note(note, vkeys, origin)
    if old > size:
        raise Malformed("old size above size")
    if old != held_size:
        raise Malformed("old size is not the one held")
    if old == 0:
        if proof:
            raise Malformed("proof")
        return size, root
    if not merkle.consistency_holds(old, size, proof, held_root, root):
        raise Malformed("proof")
    return size, root


def read_policy(text):
    """(log vkeys, witnesses by name, groups by name, quorum name)"""
    logs, witnesses, groups, quorum = [], {}, {}, None
    if not text.endswith("\n"):
        raise Malformed("policy line")
    for line in text[:-1].split("\n"):
        words = [w for w in re.split("[ \t]+", line) if w]
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log" and len(words) in (2, 3):
            key = read_vkey(words[1])
            if key[2] != LOG or key[3] in [read_vkey(v)[3] for v in logs]:
                raise Malformed("log")
            logs.append(words[1])
        elif words[0] == "witness" and len(words) in (3, 4):
            key = read_vkey(words[2])
            if key[2] != COSIGNATURE or key[3] in [read_vkey(v)[3] for v in witnesses.values()]:
                raise Malformed("witness")
            _new_name(words[1], witnesses, groups)
            witnesses[words[1]] = words[2]
        elif words[0] == "group" and len(words) >= 4:
            _new_name(words[1], witnesses, groups)
            groups[words[1]] = _group(words[2], words[3:], witnesses, groups)
        elif words[0] == "quorum" and len(words) == 2:
            if quorum is not None or words[1] not in [*witnesses, *groups, "none"]:
                raise Malformed("quorum")
            quorum = words[1]
        else:
            raise Malformed("policy line")
    if quorum is None:
        raise Malformed("quorum")
    return logs, witnesses, groups, quorum


def _new_name(name, witnesses, groups):
    if name == "none" or name in witnesses or name in groups:
        raise Malformed("name")


def _group(threshold, members, witnesses, groups):
    used = [m for _, listed in groups.values() for m in listed]
    for member in members:
        if member not in witnesses and member not in groups:
            raise Malformed("group")
    if len(set(members)) != len(members) or set(members) & set(used):
        raise Malformed("group")
    if threshold not in ("any", "all") and not re.fullmatch("[1-9][0-9]*", threshold):
        raise Malformed("group")
    k = {"any": 1, "all": len(members)}.get(threshold) or int(threshold)
    if k > len(members):
        raise Malformed("group")
    return k, members


def quorum_met(policy, cosigners):
    """Whether the named witnesses satisfy the policy."""
    _, witnesses, groups, quorum = policy

    def holds(name):
        if name in witnesses:
            return name in cosigners
        k, members = groups[name]
        return sum(holds(m) for m in members) >= k

    return quorum == "none" or holds(quorum)
