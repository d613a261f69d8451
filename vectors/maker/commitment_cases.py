"""Vector 5: commitments to bodies, attachments, sealed facts, nonces and openings."""

from . import canonical
from .primitives import FIXED_KEY, digits_to, domain, filler, keyed, sha256
from .rows import rows_v1

ABOUT = (
    "kind body: bc = K(salt, body, bytes); kind attachment: a- and K(salt, attachment, bytes); kind fact: row leaf "
    "K(salt, fact, rows/v1 bytes); kind openings: K(salt, openings, bytes); kind nonce: SHA-256(D(nonce) | bytes), no "
    "salt; kind domain: D(name) itself. bytes, salt and value are hex; body bytes are canonical JSON of kind document."
)

DOMAINS = "kid body attachment fact order row-key row subject-key subject draw openings nonce unit epoch-check filter".split()


def cases():
    return _bodies() + _attachments() + _others() + [_domain(name) for name in DOMAINS]


def _case(name, kind, salt, data):
    value = keyed(salt, kind, data).hex()
    prefix = "a-" if kind == "attachment" else ""
    return {"name": f"{kind}: {name}", "kind": kind, "salt": salt.hex(), "bytes": data.hex(), "value": prefix + value}


def _bodies():
    given = [
        ("empty object", FIXED_KEY, {}),
        ("ASCII", filler("salt 1"), {"reason": "retention over"}),
        (
            "Chinese text and a newline",
            filler("salt 2"),
            {"names": ["\u5f20\u4e09", "\u674e\u56db"], "reason": "\u4fdd\u7ba1\u671f\u5df2\u6ee1\n"},
        ),
        ("same body, other salt", filler("salt 3"), {"reason": "retention over"}),
        ("salt of zeros", bytes(32), {"reason": "retention over"}),
    ]
    out = [_case(name, "body", salt, canonical.write(value)) for name, salt, value in given]
    assert len({case["value"] for case in out}) == len(out)
    return out


def _attachments():
    return [
        _case("empty file", "attachment", FIXED_KEY, b""),
        _case("two bytes", "attachment", FIXED_KEY, b"hi"),
        _case("PDF head with binary", "attachment", filler("salt 4"), b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
        _case("1,000 bytes", "attachment", filler("salt 5"), filler("an attachment", 1000)),
        _case("body bytes under the other domain", "attachment", FIXED_KEY, b"{}"),
    ]


def _others():
    fact = rows_v1([(3, b"consent"), (1, (20261124).to_bytes(8, "big")), (0, b"")])
    nonce = {
        "name": "nonce: fixed point",
        "kind": "nonce",
        "bytes": FIXED_KEY.hex(),
        "value": digits_to("2774febc\u2026171483c8", sha256(domain("nonce") + FIXED_KEY).hex()),
    }
    other = filler("an auditor's nonce")
    return [
        _case("consent row", "fact", filler("salt 6"), fact),
        _case("openings file", "openings", filler("salt 7"), b"openings of 299 rows"),
        nonce,
        {"name": "nonce: another", "kind": "nonce", "bytes": other.hex(), "value": sha256(domain("nonce") + other).hex()},
    ]


def _domain(name):
    return {"name": "domain: " + name, "kind": "domain", "domain": name, "value": domain(name).hex()}
