"""Vector 2: PAE, signed lines, their leaves, a chain of three, and lines that break F1, F2 or K1."""

import json

from . import canonical, ed25519, merkle
from .people import CASE, ORIGIN, Key
from .primitives import ENTRY_TYPE, b64url, filler, keyed, pae, unb64url_strict

ABOUT = (
    "kind pae: PAE(payload_type, payload). kind sign: unsigned is the canonical entry without sigs, pae is what is "
    "signed, line is the stored line without newline, leaf its RFC 6962 leaf. kind chain: three lines. kind refuse: a "
    "line that the rule refuses; register lists the keys known before it. facts are plausible but their schema is not "
    "the subject of this vector. rule_open: refused for certain, but the text does not say by which rule; open: the "
    "refusal itself is a reading. line and unsigned are text, all other binary is hex."
)

OPERATOR, COUNTER, RUN = Key("operator"), Key("countersigner"), Key("run")
T0 = 1795477890123
MEMBERS = {"actor", "at", "case", "facts", "n", "prev", "role", "rules", "sigs", "type", "v"}


def cases():
    return _pae_cases() + _sign_cases() + [_chain_case()] + _refused()


def _pae_cases():
    given = [
        ("fixed point", ENTRY_TYPE, b'{"a":1}'),
        ("empty payload", ENTRY_TYPE, b""),
        ("empty type and payload", "", b""),
        ("length counts bytes, not characters", "application/vnd.custody.approval.v1+json", '{"a":"\u5f20\u4e09"}'.encode()),
        ("binary payload with spaces and zeros", "x", b" 0 \x00\xff 7 "),
        ("length of ten digits or more does not shift", "x", b"1234567890"),
    ]
    out = []
    for name, kind, payload in given:
        out.append({"name": "PAE: " + name, "kind": "pae", "payload_type": kind, "payload": payload.hex(), "pae": pae(kind, payload).hex()})
    assert pae(ENTRY_TYPE, b'{"a":1}') == b'DSSEv1 37 application/vnd.custody.entry.v1+json 7 {"a":1}'
    return out


def entry(n, prev, kind, facts, signer, at=T0, rules=(), bc=None):
    out = {
        "actor": signer.kid,
        "at": at,
        "case": CASE,
        "facts": facts,
        "n": n,
        "prev": prev,
        "role": signer.use,
        "rules": list(rules),
        "type": kind,
        "v": 1,
    }
    return out | ({"bc": bc} if bc else {})


def seal(unsigned, signers, payload_type=ENTRY_TYPE):
    """The stored line of an entry, signed by all `signers`, signatures sorted by kid."""
    message = pae(payload_type, canonical.write(unsigned))
    sigs = [{"alg": "ed25519", "kid": s.kid, "sig": b64url(s.sign(message))} for s in signers]
    return canonical.write(unsigned | {"sigs": sorted(sigs, key=lambda s: s["kid"])})


def _opened():
    facts = {
        "approvals": {"destroy": {"kinds": ["key", "paper"], "need": 2}},
        "keys": [OPERATOR.record(), COUNTER.record()],
        "law_date": "2026-11-24",
        "origin": ORIGIN,
        "policy_doc": filler("policy document").hex(),
        "safety_days": 30,
        "scenario": "liquidation",
        "sources_live": ["src1"],
        "tolerance_ppm": 1000,
        "zone": "Asia/Shanghai",
    }
    return entry(0, "0" * 64, "case.opened", facts, OPERATOR, rules=["CN-PIPL-47-1"])


def _key_registered(prev):
    approver = Key("approver")
    return entry(1, prev, "key.registered", approver.record("countersigned"), OPERATOR, at=T0 + 60000)


def _source_registered(prev):
    facts = {"cap": "L4", "reach": "direct", "source": "src1", "store": "sqlite", "version": "3.46"}
    return entry(2, prev, "source.registered", facts, OPERATOR, at=T0 + 120000, bc=BODY_COMMITMENT)


BODY = canonical.write({"name": "\u5ba2\u6237\u5e93", "note": "\u53ea\u8bfb\u526f\u672c"})
BODY_SALT = filler("salt of the body")
BODY_COMMITMENT = keyed(BODY_SALT, "body", BODY).hex()


def _lines():
    first = seal(_opened(), [OPERATOR])
    second = seal(_key_registered(merkle.leaf_hash(first).hex()), [OPERATOR, COUNTER])
    third = seal(_source_registered(merkle.leaf_hash(second).hex()), [OPERATOR])
    return [first, second, third]


def _sign_cases():
    lines = _lines()
    plain = entry(17, filler("leaf of entry 16").hex(), "scan.recorded", SCAN_FACTS, RUN, rules=["CN-PIPL-47-1", "CN-PIPL-51-2"])
    return [
        _sign_case("one signature", plain, [RUN]),
        _sign_case("entry 0, one signature", _opened(), [OPERATOR]),
        _sign_case("two signatures, sorted by kid", _key_registered(merkle.leaf_hash(lines[0]).hex()), [OPERATOR, COUNTER]),
        _sign_case("with a body", _source_registered(merkle.leaf_hash(lines[1]).hex()), [OPERATOR])
        | {"body": BODY.hex(), "salt": BODY_SALT.hex(), "bc": BODY_COMMITMENT},
        _sign_case(
            "no rules, empty list in facts",
            entry(18, filler("leaf of entry 17").hex(), "entry.corrected", {"entry_n": 3, "why": "miscounted"}, RUN),
            [RUN],
        ),
    ]


SCAN_FACTS = {"datasets": ["src1/d1", "src1/d2"], "inventory_doc": filler("inventory").hex(), "places": 214, "run_n": 12, "unread": 0}


def _sign_case(name, unsigned, signers):
    payload = canonical.write(unsigned)
    line = seal(unsigned, signers)
    canonical.read(line, "line")
    assert set(unsigned) | {"sigs"} == MEMBERS | ({"bc"} if "bc" in unsigned else set())
    message = pae(ENTRY_TYPE, payload)
    return {
        "name": "sign: " + name,
        "kind": "sign",
        "keys": [s.given() for s in signers],
        "unsigned": payload.decode("ascii"),
        "payload_type": ENTRY_TYPE,
        "pae": message.hex(),
        "signatures": [{"kid": s.kid, "sig": s.sign(message).hex()} for s in sorted(signers, key=lambda s: s.kid)],
        "line": line.decode("ascii"),
        "leaf": merkle.leaf_hash(line).hex(),
    }


def _chain_case():
    lines = _lines()
    leaves = [merkle.leaf_hash(line) for line in lines]
    assert json.loads(lines[2])["prev"] == leaves[1].hex() and json.loads(lines[0])["prev"] == "0" * 64
    assert merkle.root(lines) == merkle.node_hash(merkle.node_hash(leaves[0], leaves[1]), leaves[2])
    return {
        "name": "chain of three",
        "kind": "chain",
        "keys": [OPERATOR.given(), COUNTER.given()],
        "lines": [line.decode("ascii") for line in lines],
        "prevs": [json.loads(line)["prev"] for line in lines],
        "leaves": [leaf.hex() for leaf in leaves],
        "root": merkle.root(lines).hex(),
    }


def _refused():
    """Twins of the third or second line of the chain, each with one fault."""
    lines = _lines()
    third, second = _source_registered(merkle.leaf_hash(lines[1]).hex()), _key_registered(merkle.leaf_hash(lines[0]).hex())
    good = json.loads(lines[2])
    pair = json.loads(lines[1])
    sig = good["sigs"][0]["sig"]
    body_free = {k: v for k, v in third.items() if k != "bc"}
    without_rules = {k: v for k, v in third.items() if k != "rules"}
    other_prev = third | {"prev": merkle.leaf_hash(lines[0]).hex()}
    spaced = lines[2].replace(b'"n":2', b'"n": 2')
    padded = good | {"sigs": [good["sigs"][0] | {"sig": sig + "=="}]}
    loose = good | {"sigs": [good["sigs"][0] | {"sig": sig[:-1] + _next_letter(sig[-1])}]}
    reversed_pair = pair | {"sigs": pair["sigs"][::-1]}
    doubled = good | {"sigs": good["sigs"] * 2}
    resigned_as_approval = seal(third, [OPERATOR], "application/vnd.custody.approval.v1+json")
    signed_bare = good | {"sigs": [good["sigs"][0] | {"sig": b64url(OPERATOR.sign(canonical.write(third)))}]}
    signed_leaf = good | {"sigs": [good["sigs"][0] | {"sig": b64url(OPERATOR.sign(merkle.leaf_hash(lines[2])))}]}
    unknown = Key("operator", "a stranger")
    given = [
        ("space after a colon", 2, spaced, "F1", "not canonical"),
        ("newline inside the line bytes", 2, lines[2] + b"\n", "F1", "not canonical"),
        ("extra member", 2, seal(third | {"note": "x"}, [OPERATOR]), "F1", "members"),
        ("member rules missing", 2, seal(without_rules, [OPERATOR]), "F1", "members"),
        ("member sigs missing", 2, canonical.write(third), "F1", "members"),
        ("no signature in sigs", 2, canonical.write(third | {"sigs": []}), "F1", "one to eight signatures"),
        ("same signature twice", 2, canonical.write(doubled), "F1", "signatures sorted by kid, each once"),
        ("signatures not sorted by kid", 1, canonical.write(reversed_pair), "F1", "signatures sorted by kid, each once"),
        ("v is 2", 2, seal(third | {"v": 2}, [OPERATOR]), "F1", "version"),
        (
            "prev in upper case",
            2,
            seal(third | {"prev": third["prev"].upper()}, [OPERATOR]),
            "F1",
            "digest is not 64 lower-case hex digits",
        ),
        ("n as a string", 2, seal(third | {"n": "2"}, [OPERATOR]), "F1", "kind of a member"),
        ("signature padded", 2, canonical.write(padded), "F1", "base64url is not canonical"),
        ("signature with loose last bits", 2, canonical.write(loose), "F1", "base64url is not canonical"),
        ("prev is the leaf before the last", 2, seal(other_prev, [OPERATOR]), "F2", "prev"),
        ("n leaves one out", 2, seal(third | {"n": 3}, [OPERATOR]), "F2", "n"),
        ("n repeats the last", 2, seal(third | {"n": 1}, [OPERATOR]), "F2", "n"),
        ("entry 0 with another prev", 0, seal(_opened() | {"prev": filler("leaf").hex()}, [OPERATOR]), "F2", "prev"),
        ("at goes back more than 120 s", 2, seal(third | {"at": T0 + 60000 - 120001}, [OPERATOR]), "F2", "at"),
        ("signature over the entry without PAE", 2, canonical.write(signed_bare), "K1", "signature"),
        ("signature over the leaf", 2, canonical.write(signed_leaf), "K1", "signature"),
        ("signature over another payload type", 2, resigned_as_approval, "K1", "signature"),
        ("facts changed after signing", 2, lines[2].replace(b'"cap":"L4"', b'"cap":"L3"'), "K1", "signature"),
        ("body commitment dropped after signing", 2, canonical.write(body_free | {"sigs": good["sigs"]}), "K1", "signature"),
        ("alg not that of the register", 2, canonical.write(good | {"sigs": [good["sigs"][0] | {"alg": "ed448"}]}), "K1", "algorithm"),
        ("key not registered", 2, seal(third | {"actor": unknown.kid}, [unknown]), "K1", "key"),
        ("actor is not the signer", 2, seal(third | {"actor": COUNTER.kid}, [OPERATOR]), "K1", "actor"),
        ("role is not the use of the key", 2, seal(third | {"role": "approver"}, [OPERATOR]), "K1", "role"),
        ("countersigner's signature missing", 1, seal(second, [OPERATOR]), "K1", "signers"),
    ]
    register = [OPERATOR.record(), COUNTER.record()]
    out = []
    for name, n, line, rule, reason in given:
        assert line not in lines, name
        fault = _fault(line, n, lines[:n], {k["kid"]: k for k in register})
        assert fault == (rule, reason), (name, fault)
        out.append(
            {
                "name": "refuse: " + name,
                "kind": "refuse",
                "rule": rule,
                "reason": reason,
                "before": [before.decode("ascii") for before in lines[:n]],
                "register": register,
                "line": line.decode("ascii"),
            }
        )
        if reason in ("actor", "role", "algorithm", "signers"):
            out[-1]["rule_open"] = True
        if name == "same signature twice":
            out[-1]["open"] = True
    for n, line in enumerate(lines):
        assert _fault(line, n, lines[:n], {k["kid"]: k for k in register}) is None
    return out


def _next_letter(letter):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(letter) + 1]


SIGNERS = {"case.opened": ["operator"], "key.registered": ["operator", "countersigner"], "source.registered": ["operator"]}


def _fault(line, n, before, register):
    """The first of F1, F2, K1 that the line breaks, without looking into facts."""
    shape = _shape_fault(line)
    if shape:
        return ("F1", shape)
    value = json.loads(line)
    prev = merkle.leaf_hash(before[-1]).hex() if before else "0" * 64
    if value["n"] != n:
        return ("F2", "n")
    if value["prev"] != prev:
        return ("F2", "prev")
    if before and value["at"] < json.loads(before[-1])["at"] - 120000:
        return ("F2", "at")
    reason = _key_fault(value, register)
    return ("K1", reason) if reason else None


def _shape_fault(line):
    try:
        value = canonical.read(line, "line")
    except canonical.Refused:
        return "not canonical"
    if set(value) - {"bc"} != MEMBERS:
        return "members"
    if not isinstance(value["n"], int):
        return "kind of a member"
    if value["v"] != 1:
        return "version"
    if any(c not in "0123456789abcdef" for c in value["prev"]) or len(value["prev"]) != 64:
        return "digest is not 64 lower-case hex digits"
    kids = [s["kid"] for s in value["sigs"]]
    if not 1 <= len(kids) <= 8:
        return "one to eight signatures"
    if kids != sorted(set(kids)):
        return "signatures sorted by kid, each once"
    for s in value["sigs"]:
        try:
            unb64url_strict(s["sig"])
        except ValueError:
            return "base64url is not canonical"
    return None


def _key_fault(value, register):
    message = pae(ENTRY_TYPE, canonical.write({k: v for k, v in value.items() if k != "sigs"}))
    uses = {}
    for s in value["sigs"]:
        record = register.get(s["kid"])
        if record is None:
            return "key"
        if s["alg"] != record["alg"]:
            return "algorithm"
        if ed25519.strict_fault(unb64url_strict(record["public"]), message, unb64url_strict(s["sig"])):
            return "signature"
        uses[record["use"]] = s["kid"]
    wanted = SIGNERS[value["type"]]
    if sorted(uses) != sorted(wanted):
        return "signers"
    if value["role"] != wanted[0]:
        return "role"
    return None if value["actor"] == uses[wanted[0]] else "actor"
