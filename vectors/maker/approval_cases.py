"""Vector 16: statements, check numbers and approval files of kind `key`, and their broken twins."""

import datetime

from . import canonical, ed25519
from .people import CASE, ORIGIN, Key
from .primitives import APPROVAL_TYPE, b64url, filler, flip, pae, sha256, unb64url_strict

ABOUT = (
    "kind approval: statement S and file are text, message is M = PAE(payload_type, S), check_number of SHA-256(M), "
    "signature over M. kind check_number: sha256 given alone. kind refuse: file (hex) is refused; register holds "
    "the known keys; layer says where: file, statement or signature. not_after is a day, head.root and plan, "
    "consequence, reason are hex digests, nonce is base64url of 32 bytes. open: the refusal is a reading."
)

FIRST, SECOND, STRANGER = Key("approver"), Key("approver", "approver 2"), Key("approver", "a stranger")
STATEMENT_MEMBERS = set("case consequence decision head key nonce not_after origin plan reason role scope type v".split())
FILE_MEMBERS = set("alg kid made_with sig statement type v".split())


def statement(key, nonce, **changes):
    out = {
        "case": CASE,
        "consequence": filler("consequence document").hex(),
        "decision": "approve",
        "head": {"root": filler("root at size 42").hex(), "size": 42},
        "key": key.kid,
        "nonce": b64url(nonce),
        "not_after": "2026-12-31",
        "origin": ORIGIN,
        "plan": filler("plan document").hex(),
        "reason": filler("salted reason").hex(),
        "role": "approver",
        "scope": ["*"],
        "type": "custody.approval",
        "v": 1,
    }
    return out | changes


def approval_file(key, s, **changes):
    out = {
        "alg": "ed25519",
        "kid": key.kid,
        "made_with": "cli",
        "sig": b64url(key.sign(pae(APPROVAL_TYPE, s))),
        "statement": b64url(s),
        "type": "custody.approval.signed",
        "v": 1,
    }
    return canonical.write(out | changes)


def check_number(digest):
    """The first 40 bits mod 10^10, ten digits as 4-4-2."""
    digits = f"{int.from_bytes(digest[:5], 'big') % 10**10:010d}"
    return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"


def cases():
    return _approvals() + _numbers() + _refused()


def _approvals():
    zero = _nonce_with(lambda number: number.startswith("00"))
    return [
        _case("whole plan, made with cli", FIRST, statement(FIRST, filler("nonce 1"))),
        _case("second approver, made with html", SECOND, statement(SECOND, filler("nonce 2")), made_with="html"),
        _case("two items", FIRST, statement(FIRST, filler("nonce 3"), scope=["i-1", "i-2"])),
        _case("refused", FIRST, statement(FIRST, filler("nonce 4"), decision="refuse")),
        _case("check number with leading zeros", FIRST, statement(FIRST, zero)),
    ]


def _nonce_with(test):
    n = 0
    while True:
        nonce = filler(f"searched nonce {n}")
        if test(check_number(sha256(pae(APPROVAL_TYPE, canonical.write(statement(FIRST, nonce)))))):
            return nonce
        n += 1


def _case(name, key, value, made_with="cli"):
    s = canonical.write(value)
    message = pae(APPROVAL_TYPE, s)
    file = approval_file(key, s, made_with=made_with)
    assert _fault(file, _register()) is None
    return {
        "name": "approval: " + name,
        "kind": "approval",
        "key": key.given(),
        "statement": s.decode("ascii"),
        "payload_type": APPROVAL_TYPE,
        "message": message.hex(),
        "message_sha256": sha256(message).hex(),
        "check_number": check_number(sha256(message)),
        "signature": key.sign(message).hex(),
        "decision": value["decision"],
        "made_with": made_with,
        "file": file.decode("ascii"),
    }


def _numbers():
    given = [
        ("zeros", bytes(32), "0000-0000-00"),
        ("one", bytes([0, 0, 0, 0, 1]) + bytes(27), "0000-0000-01"),
        ("10^10 - 1", (10**10 - 1).to_bytes(5, "big") + b"\xff" * 27, "9999-9999-99"),
        ("10^10", (10**10).to_bytes(5, "big") + b"\xff" * 27, "0000-0000-00"),
        ("all bits", b"\xff" * 32, "9511-6277-75"),
        ("only the first five bytes count", bytes(5) + b"\xff" * 27, "0000-0000-00"),
    ]
    out = []
    for name, digest, expected in given:
        assert check_number(digest) == expected, (name, check_number(digest))
        out.append({"name": "check number: " + name, "kind": "check_number", "sha256": digest.hex(), "check_number": expected})
    return out


def _register():
    return {key.kid: key.record() for key in (FIRST, SECOND)}


def _refused():
    nonce = filler("nonce 1")
    value = statement(FIRST, nonce)
    s = canonical.write(value)
    good = approval_file(FIRST, s)
    message = pae(APPROVAL_TYPE, s)
    sig = FIRST.sign(message)
    s_plus_l = sig[:32] + (int.from_bytes(sig[32:], "little") + ed25519.L).to_bytes(32, "little")

    def with_statement(**changes):
        return approval_file(FIRST, canonical.write(value | changes))

    def without(name):
        return approval_file(FIRST, canonical.write({k: v for k, v in value.items() if k != name}))

    spaced = s.replace(b'"v":1', b'"v": 1')
    unsorted = b'{"v":1,' + s[1:].replace(b',"v":1}', b"}")
    doubled = s.replace(b'"decision":"approve"', b'"decision":"refuse","decision":"approve"')
    floating = s.replace(b'"size":42', b'"size":42.0')
    given = [
        ("statement with a space", "statement", approval_file(FIRST, spaced)),
        ("statement with a newline at the end", "statement", approval_file(FIRST, s + b"\n")),
        ("statement not sorted", "statement", approval_file(FIRST, unsorted)),
        ("statement with decision twice", "statement", approval_file(FIRST, doubled)),
        ("head size as a fraction", "statement", approval_file(FIRST, floating)),
        ("extra member in the statement", "statement", with_statement(note="x")),
        ("extra member in head", "statement", with_statement(head=value["head"] | {"time": 0})),
        *[(f"member {name} missing", "statement", without(name)) for name in ("nonce", "consequence", "head", "scope", "decision")],
        ("decision unknown", "statement", with_statement(decision="approved")),
        ("decision in upper case", "statement", with_statement(decision="APPROVE")),
        ("nonce of 31 bytes", "statement", with_statement(nonce=b64url(nonce[:31]))),
        ("nonce of 33 bytes", "statement", with_statement(nonce=b64url(nonce + b"\x00"))),
        ("empty nonce", "statement", with_statement(nonce="")),
        ("nonce padded", "statement", with_statement(nonce=b64url(nonce) + "=")),
        ("nonce in hex", "statement", with_statement(nonce=nonce.hex())),
        ("plan in upper-case hex", "statement", with_statement(plan=value["plan"].upper())),
        ("plan of 31 bytes", "statement", with_statement(plan=value["plan"][:62])),
        ("type of the file in the statement", "statement", with_statement(type="custody.approval.signed")),
        ("statement version 2", "statement", with_statement(v=2)),
        ("not_after as milliseconds", "statement", with_statement(not_after=1798646400000)),
        ("not_after no day of the calendar", "statement", with_statement(not_after="2026-02-30")),
        ("scope as a string", "statement", with_statement(scope="*")),
        ("scope empty", "statement", with_statement(scope=[])),
        ("key in the statement is another's", "statement", with_statement(key=SECOND.kid)),
        ("file with a space", "file", good.replace(b'"v":1', b'"v": 1')),
        ("file with a newline at the end", "file", good + b"\n"),
        ("file cut short", "file", good[:-1]),
        ("extra member in the file", "file", approval_file(FIRST, s, note="x")),
        ("file type of the statement", "file", approval_file(FIRST, s, type="custody.approval")),
        ("file version 2", "file", approval_file(FIRST, s, v=2)),
        ("made_with unknown", "file", approval_file(FIRST, s, made_with="fax")),
        ("statement padded", "file", approval_file(FIRST, s, statement=b64url(s) + "=" * (-len(b64url(s)) % 4 or 4))),
        ("sig padded", "file", approval_file(FIRST, s, sig=b64url(sig) + "==")),
        ("alg none", "signature", approval_file(FIRST, s, alg="none")),
        ("alg not that of the register", "signature", approval_file(FIRST, s, alg="ed448")),
        ("key not registered", "signature", approval_file(STRANGER, canonical.write(statement(STRANGER, nonce)))),
        ("kid of the other approver", "signature", approval_file(FIRST, s, kid=SECOND.kid)),
        ("signed without PAE", "signature", approval_file(FIRST, s, sig=b64url(FIRST.sign(s)))),
        (
            "signed under the type of entries",
            "signature",
            approval_file(FIRST, s, sig=b64url(FIRST.sign(pae("application/vnd.custody.entry.v1+json", s)))),
        ),
        ("signed SHA-256 of M", "signature", approval_file(FIRST, s, sig=b64url(FIRST.sign(sha256(message))))),
        ("bit flipped in sig", "signature", approval_file(FIRST, s, sig=b64url(flip(sig, 9)))),
        ("S + L", "signature", approval_file(FIRST, s, sig=b64url(s_plus_l))),
        ("sig of 63 bytes", "signature", approval_file(FIRST, s, sig=b64url(sig[:63]))),
        ("statement changed after signing", "signature", approval_file(FIRST, s, statement=b64url(s.replace(b'"size":42', b'"size":43')))),
    ]
    open_names = {"scope empty", "not_after as milliseconds", "not_after no day of the calendar"}
    out = []
    for name, layer, file in given:
        fault = _fault(file, _register())
        assert fault and fault[0] == layer, (name, fault)
        case = {
            "name": "refuse: " + name,
            "kind": "refuse",
            "layer": layer,
            "reason": fault[1],
            "register": list(_register().values()),
            "file": file.hex(),
        }
        out.append(case | ({"open": True} if name in open_names else {}))
    return out


def _fault(file, register):
    """(layer, reason) of the first fault, or None."""
    try:
        value = canonical.read(file, "line")
    except canonical.Refused as refused:
        return ("file", str(refused))
    if set(value) != FILE_MEMBERS:
        return ("file", "members")
    if value["type"] != "custody.approval.signed" or value["v"] != 1:
        return ("file", "type or version")
    if value["made_with"] not in ("cli", "html", "passkey", "card"):
        return ("file", "made_with")
    try:
        s, sig = unb64url_strict(value["statement"]), unb64url_strict(value["sig"])
    except ValueError:
        return ("file", "base64url is not canonical")
    record = register.get(value["kid"])
    fault = _statement_fault(s, value["kid"]) if record and record["alg"] == value["alg"] else None
    if record is None:
        return ("signature", "key not in the register")
    if value["alg"] != record["alg"]:
        return ("signature", "alg is not that of the register")
    if fault and fault != "key is not the kid":
        return ("statement", fault)
    if ed25519.strict_fault(unb64url_strict(record["public"]), pae(APPROVAL_TYPE, s), sig):
        return ("signature", "signature does not verify")
    return ("statement", fault) if fault else None


def _statement_fault(s, kid):
    try:
        value = canonical.read(s, "document")
    except canonical.Refused as refused:
        return str(refused)
    if set(value) != STATEMENT_MEMBERS or set(value["head"]) != {"root", "size"}:
        return "members"
    if value["type"] != "custody.approval" or value["v"] != 1:
        return "type or version"
    if value["decision"] not in ("approve", "refuse"):
        return "decision"
    try:
        nonce = unb64url_strict(value["nonce"])
    except ValueError:
        return "nonce"
    if len(nonce) != 32:
        return "nonce"
    digests = [value["plan"], value["consequence"], value["reason"], value["head"]["root"]]
    if any(len(d) != 64 or set(d) - set("0123456789abcdef") for d in digests):
        return "digest is not 64 lower-case hex digits"
    if not _is_day(value["not_after"]):
        return "not_after"
    if not isinstance(value["scope"], list) or not value["scope"]:
        return "scope"
    return None if value["key"] == kid else "key is not the kid"


def _is_day(value):
    try:
        return datetime.date.fromisoformat(value).isoformat() == value
    except (TypeError, ValueError):
        return False
