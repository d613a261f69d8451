"""Vector 14: checkpoints, their signatures and cosignatures, witness files, policies."""

from . import ed25519, merkle, notes
from .people import ORIGIN, Key
from .primitives import b64, b64url, filler, flip, sha256

ABOUT = (
    "kind head: a signed checkpoint; text is the note text through the root line's newline, note the whole file. kind "
    "vkey: C2SP verifier keys. kind refuse_head: refused when read as a head of a dossier whose keys.txt is vkeys and "
    "whose origin is origin; note is hex there (open: a reader of notes alone may leave it to a later check). kind request: head.req (request) and head.cosig (response) at a witness "
    "that holds held_size and held_root. kind refuse_request: no cosignature. kind policy: policy.txt and whether "
    "cosigners (names in the policy) meet its quorum. kind refuse_policy: unreadable policy. text, note, line, vkey, "
    "request, response and policy are text; other binary is hex."
)

LOGKEY, W1, W2, W3 = Key("log"), Key("witness", "witness 1"), Key("witness", "witness 2"), Key("witness", "witness 3")
LOG_VKEY = notes.vkey(ORIGIN, notes.LOG, LOGKEY.public)
NAMES = {"w1": "seller.example/w1", "w2": "buyer.example/w2", "w3": "third.example/w3"}
WITNESSES = {"w1": W1, "w2": W2, "w3": W3}
WITNESS_VKEYS = {w: notes.vkey(NAMES[w], notes.COSIGNATURE, WITNESSES[w].public) for w in NAMES}
TIME = 1795477900
LEAVES = [bytes([i]) * i for i in range(17)]


def cases():
    return _vkeys() + _heads() + _refused_heads() + _requests() + _policies()


def _text(size):
    return notes.checkpoint(ORIGIN, size, merkle.root(LEAVES[:size]))


def log_line(text, key=LOGKEY, name=ORIGIN):
    return notes.signature_line(name, notes.LOG, key.public, key.sign(text.encode("utf-8")))


def witness_line(w, text, time=TIME):
    key = WITNESSES[w]
    return notes.signature_line(NAMES[w], notes.COSIGNATURE, key.public, notes.cosignature(key.seed, text, time))


def _vkeys():
    out = [_vkey("log key", ORIGIN, notes.LOG, LOGKEY)]
    out += [_vkey(f"witness {w}", NAMES[w], notes.COSIGNATURE, key) for w, key in WITNESSES.items()]
    out.append(_vkey("same key and name as witness, other type", NAMES["w1"], notes.LOG, W1))
    return out


def _vkey(name, key_name, kind, key):
    text = notes.vkey(key_name, kind, key.public)
    assert notes.read_vkey(text)[3] == key.public
    return {
        "name": "vkey: " + name,
        "kind": "vkey",
        "key_name": key_name,
        "signature_type": kind,
        "seed": key.seed.hex(),
        "public": key.public.hex(),
        "key_hash": notes.key_hash(key_name, kind, key.public).hex(),
        "vkey": text,
    }


def _heads():
    large = notes.checkpoint(ORIGIN, 2**53 - 1, filler("a large tree"))
    return [
        _head("size 0", _text(0), []),
        _head("size 1", _text(1), []),
        _head("size 17", _text(17), []),
        _head("size 2^53 - 1", large, []),
        _head("one cosignature", _text(17), ["w1"]),
        _head("three cosignatures", _text(17), ["w1", "w2", "w3"]),
    ]


def _head(name, text, cosigners):
    lines = [log_line(text)] + [witness_line(w, text) for w in cosigners]
    note = text + "\n" + "".join(lines)
    vkeys = [LOG_VKEY] + [WITNESS_VKEYS[w] for w in cosigners]
    _, size, root = notes.read_note(note.encode("utf-8"), vkeys, ORIGIN)
    shown = [
        {
            "key_name": NAMES[w],
            "seed": WITNESSES[w].seed.hex(),
            "time": TIME,
            "message": notes.cosigned(text, TIME).decode("ascii"),
            "line": line,
        }
        for w, line in zip(cosigners, lines[1:])
    ]
    return {
        "name": "head: " + name,
        "kind": "head",
        "origin": ORIGIN,
        "size": size,
        "root": root.hex(),
        "text": text,
        "text_sha256": sha256(text.encode("ascii")).hex(),
        "log_seed": LOGKEY.seed.hex(),
        "signature": LOGKEY.sign(text.encode("ascii")).hex(),
        "log_line": lines[0],
        "cosignatures": shown,
        "note": note,
        "vkeys": vkeys,
    }


def _signed(text):
    return (text + "\n" + log_line(text)).encode("utf-8")


def _refused_heads():
    text, root = _text(17), b64(merkle.root(LEAVES))
    good, line = _signed(text), log_line(text)
    stranger = Key("log", "a stranger's log key")
    blob = notes.unb64(line.split(" ")[2].strip())

    def with_blob(data):
        return f"{text}\n{notes.DASH} {ORIGIN} {b64(data)}\n".encode("utf-8")

    loose = root[:-2] + chr(ord(root[-2]) + 1) + "="
    cosigned = good + witness_line("w1", text).encode("utf-8")
    later = notes.signature_line(
        NAMES["w1"], notes.COSIGNATURE, W1.public, (TIME + 1).to_bytes(8, "big") + notes.cosignature(W1.seed, text, TIME)[8:]
    )
    plain = notes.signature_line(NAMES["w1"], notes.COSIGNATURE, W1.public, W1.sign(text.encode("utf-8")))
    s_plus_l = (int.from_bytes(blob[36:], "little") + ed25519.L).to_bytes(32, "little")
    other = ORIGIN[:-1] + "2"
    given = [
        ("no signature line", text.encode(), "signature lines"),
        ("blank line but no signature line", (text + "\n").encode(), "signature lines"),
        ("no blank line", (text + line).encode("utf-8"), "signature lines"),
        ("no newline at the end", good[:-1], "signature lines"),
        ("bytes after the last line", good + b"x", "signature lines"),
        ("empty line at the end", good + b"\n", "signature lines"),
        ("hyphen instead of em dash", good.replace("\u2014".encode(), b"-"), "signature lines"),
        ("two spaces after the dash", good.replace("\u2014 ".encode(), "\u2014  ".encode()), "signature lines"),
        ("carriage returns", good.replace(b"\n", b"\r\n"), "control character"),
        ("byte order mark", b"\xef\xbb\xbf" + good, "origin"),
        ("not UTF-8", good.replace("\u2014".encode(), b"\x97"), "not UTF-8"),
        ("two lines of text only", _signed(f"{ORIGIN}\n17\n"), "note text"),
        ("extension line", _signed(text + "note\n"), "extension lines"),
        ("empty line within the text", _signed(f"{ORIGIN}\n\n17\n{root}\n"), "extension lines"),
        ("size with leading zero", _signed(text.replace("\n17\n", "\n017\n")), "size"),
        ("size with plus", _signed(text.replace("\n17\n", "\n+17\n")), "size"),
        ("negative size", _signed(text.replace("\n17\n", "\n-17\n")), "size"),
        ("size with a space", _signed(text.replace("\n17\n", "\n17 \n")), "size"),
        ("size in hex", _signed(text.replace("\n17\n", "\n0x11\n")), "size"),
        ("empty size", _signed(text.replace("\n17\n", "\n\n")), "size"),
        ("root in hex", _signed(f"{ORIGIN}\n17\n{merkle.root(LEAVES).hex()}\n"), "root"),
        ("root of 31 bytes", _signed(f"{ORIGIN}\n17\n{b64(merkle.root(LEAVES)[:31])}\n"), "root"),
        ("root without padding", _signed(text.replace("=\n", "\n")), "base64"),
        ("root with loose last bits", _signed(text.replace(root, loose)), "base64"),
        ("root in base64url", _signed(f"{ORIGIN}\n3\n{b64url(bytes([251]) * 32)}=\n"), "base64"),
        ("size 0 with another root", _signed(notes.checkpoint(ORIGIN, 0, merkle.root(LEAVES))), "root"),
        (
            "another origin",
            (notes.checkpoint(other, 17, merkle.root(LEAVES)) + "\n" + log_line(notes.checkpoint(other, 17, merkle.root(LEAVES)))).encode(
                "utf-8"
            ),
            "another origin",
        ),
        ("origin of 25 digits", _signed(text.replace(ORIGIN, ORIGIN[:-1])), "origin"),
        ("origin without custody/", _signed(text.replace("custody/", "", 1)), "origin"),
        ("size changed after signing", good.replace(b"\n17\n", b"\n18\n"), "signature"),
        ("bit flipped in the signature", with_blob(flip(blob, 100)), "signature"),
        ("S + L", with_blob(blob[:36] + s_plus_l), "signature"),
        ("signature of 63 bytes", with_blob(blob[:-1]), "signature"),
        ("signature of 65 bytes", with_blob(blob + b"\x00"), "signature"),
        ("signature line without key hash", with_blob(blob[4:]), "unknown key"),
        ("key hash changed", with_blob(flip(blob, 0)), "unknown key"),
        ("key name changed", good.replace(f"\u2014 {ORIGIN}".encode(), f"\u2014 {other}".encode()), "unknown key"),
        ("signature padding dropped", good[:-2] + b"\n", "base64"),
        ("signed by a stranger under the log's name", (text + "\n" + log_line(text, stranger)).encode("utf-8"), "unknown key"),
        ("a second line by a stranger", good + log_line(text, stranger).encode("utf-8"), "unknown key"),
        ("cosignature only", (text + "\n" + witness_line("w1", text)).encode("utf-8"), "no signature of the log"),
        ("cosignature with another time", good + later.encode("utf-8"), "signature"),
        ("cosignature without time", good + plain.encode("utf-8"), "signature"),
        ("cosignature of another head", good + witness_line("w1", _text(16)).encode("utf-8"), "signature"),
        ("cosignature of a witness not in keys", good + witness_line("w2", text).encode("utf-8"), "unknown key"),
        ("good cosignature, log signature broken", flip(cosigned, len(text.encode()) * 8 + 8 * 60), None),
    ]
    vkeys = [LOG_VKEY, WITNESS_VKEYS["w1"]]
    assert notes.read_note(good, vkeys, ORIGIN) and notes.read_note(cosigned, vkeys, ORIGIN)
    out = []
    for name, data, reason in given:
        found = _refusal(notes.read_note, data, vkeys, ORIGIN)
        assert found and (reason is None or found == reason), (name, found)
        out.append(
            {"name": "refuse: " + name, "kind": "refuse_head", "origin": ORIGIN, "vkeys": vkeys, "note": data.hex(), "reason": found}
        )
        if name in ("size 0 with another root", "origin of 25 digits"):
            out[-1]["open"] = True
    return out


def _refusal(read, *arguments):
    try:
        read(*arguments)
    except notes.Malformed as malformed:
        return str(malformed)
    return None


def request(old, size, proof):
    text = _text(size)
    head = "".join(line + "\n" for line in [f"old {old}"] + [b64(p) for p in proof])
    return head + "\n" + text + "\n" + log_line(text)


def _proof(old, size):
    return merkle.consistency(old, LEAVES[:size]) if old else []


def _requests():
    out = []
    for old, size in [(0, 1), (0, 17), (1, 2), (6, 13), (8, 17), (17, 17)]:
        held = merkle.root(LEAVES[:old])
        body = request(old, size, _proof(old, size))
        assert notes.read_request(body.encode("utf-8"), [LOG_VKEY], ORIGIN, old, held)[0] == size
        out.append(
            _request(f"request: {old} to {size}", "request", old, held, body)
            | {"witness": WITNESS_VKEYS["w1"], "witness_seed": W1.seed.hex(), "time": TIME, "response": witness_line("w1", _text(size))}
        )
    return out + _refused_requests()


def _request(name, kind, held_size, held_root, body):
    return {
        "name": name,
        "kind": kind,
        "origin": ORIGIN,
        "log": LOG_VKEY,
        "held_size": held_size,
        "held_root": held_root.hex(),
        "request": body,
    }


def _refused_requests():
    proof = _proof(6, 13)
    held = merkle.root(LEAVES[:6])
    good = request(6, 13, proof)
    other_root = notes.checkpoint(ORIGIN, 6, filler("a fork"))
    fork = "old 6\n\n" + other_root + "\n" + log_line(other_root)
    given = [
        ("a hash of the proof missing", 6, held, request(6, 13, proof[:-1]), "proof"),
        ("proof of another old size", 6, held, request(6, 13, _proof(5, 13)), "proof"),
        ("the witness holds another size", 5, merkle.root(LEAVES[:5]), good, "old size is not the one held"),
        ("the witness holds another root", 6, filler("a fork"), good, "proof"),
        ("smaller tree", 13, merkle.root(LEAVES[:13]), request(13, 6, []), "old size above size"),
        ("same size, another root", 6, held, fork, "proof"),
        ("old 0 with a proof", 0, merkle.root([]), request(0, 13, proof), "proof"),
        ("old 0 at a witness that knows the log", 6, held, request(0, 13, []), "old size is not the one held"),
        ("old size with leading zero", 6, held, good.replace("old 6", "old 06"), "old size line"),
        ("no old size line", 6, held, good.replace("old 6\n", ""), "old size line"),
        ("no empty line after the proof", 6, held, good.replace("\n\n", "\n", 1), None),
        ("64 hashes", 6, held, request(6, 13, [filler("hash")] * 64), "more than 63 hashes"),
        ("hash of 31 bytes", 6, held, good.replace(b64(proof[0]), b64(proof[0][:31])), "proof"),
        (
            "checkpoint by a stranger",
            6,
            held,
            good.rpartition("\n\n")[0] + "\n\n" + log_line(_text(13), Key("log", "a stranger's log key")),
            "unknown key",
        ),
    ]
    out = []
    for name, size, root, body, reason in given:
        found = _refusal(notes.read_request, body.encode("utf-8"), [LOG_VKEY], ORIGIN, size, root)
        assert found and (reason is None or found == reason), (name, found)
        out.append(_request("refuse request: " + name, "refuse_request", size, root, body) | {"reason": found})
    return out


def _policies():
    head = f"log {LOG_VKEY}\n" + "".join(f"witness {w} {WITNESS_VKEYS[w]}\n" for w in NAMES)
    two = head + "group parties 2 w1 w2 w3\nquorum parties\n"
    nested = head + "group sides all w1 w2\ngroup either any sides w3\nquorum either\n"
    given = [
        ("two of three", two, [[], ["w1"], ["w1", "w3"], ["w1", "w2", "w3"]]),
        ("all", head + "group parties all w1 w2 w3\nquorum parties\n", [["w1", "w2"], ["w1", "w2", "w3"]]),
        ("any", head + "group parties any w1 w2 w3\nquorum parties\n", [[], ["w2"]]),
        ("one witness", head + "quorum w2\n", [["w1", "w3"], ["w2"]]),
        ("none", f"log {LOG_VKEY}\nquorum none\n", [[]]),
        ("nested groups", nested, [["w1"], ["w3"], ["w1", "w2"]]),
        ("comments, tabs, empty lines, a URL", f"# policy\n\n \t\n\tlog\t{LOG_VKEY} https://log.example/ \nquorum none\n", [[]]),
    ]
    out = []
    for name, text, sets in given:
        policy = notes.read_policy(text)
        asked = [{"cosigners": s, "met": notes.quorum_met(policy, s)} for s in sets]
        out.append({"name": "policy: " + name, "kind": "policy", "policy": text, "sha256": sha256(text.encode()).hex(), "asked": asked})
    return out + _refused_policies(head)


def _refused_policies(head):
    again = f"witness w9 {notes.vkey('other.example/w9', notes.COSIGNATURE, W1.public)}\n"
    key_name, key_hash, key = LOG_VKEY.split("+", 2)
    wrong_hash = f"{key_name}+{flip(bytes.fromhex(key_hash), 0).hex()}+{key}"
    given = [
        ("no quorum", head),
        ("two quorums", head + "quorum w1\nquorum w2\n"),
        ("quorum of an unknown name", head + "quorum w4\n"),
        ("quorum before its group", head + "quorum parties\ngroup parties any w1\n"),
        ("threshold 0", head + "group g 0 w1 w2\nquorum g\n"),
        ("threshold above the number of members", head + "group g 3 w1 w2\nquorum g\n"),
        ("group without members", head + "group g any\nquorum g\n"),
        ("member twice in a group", head + "group g 2 w1 w1\nquorum g\n"),
        ("member of two groups", head + "group g any w1 w2\ngroup h any w1 w3\nquorum g\n"),
        ("none as a member", head + "group g any w1 none\nquorum g\n"),
        ("name used twice", head + "group w1 any w2\nquorum w1\n"),
        ("group named none", head + "group none any w2\nquorum none\n"),
        ("witness key twice under two names", head + again + "quorum w1\n"),
        ("log twice", head + f"log {LOG_VKEY}\nquorum w1\n"),
        ("log key of a cosignature type", f"log {WITNESS_VKEYS['w1']}\nquorum none\n"),
        ("witness key of the log type", f"witness w {LOG_VKEY}\nquorum w\n"),
        ("key hash of the vkey wrong", f"log {wrong_hash}\nquorum none\n"),
        ("unknown keyword", head + "mirror w1\nquorum w1\n"),
        ("last line without newline", head + "quorum w1"),
    ]
    out = []
    for name, text in given:
        reason = _refusal(notes.read_policy, text)
        assert reason, name
        out.append({"name": "refuse policy: " + name, "kind": "refuse_policy", "policy": text, "reason": reason})
    return out
