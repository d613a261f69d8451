"""Vector 4: key ids."""

from .people import Key
from .primitives import FIXED_KEY, domain, key_id

ABOUT = (
    "Key id = k- and the first 20 hex digits of SHA-256(D(kid) | alg | 0x00 | public key bytes). public and preimage "
    "are hex. alg_known false: the alg is not (yet) in the text; the arithmetic holds, a register refuses it. expect "
    "refuse: no key id exists or the string is none."
)


def cases():
    out = [_case("fixed point: bytes 00 to 1f", "ed25519", FIXED_KEY)]
    assert out[0]["kid"] == "k-ffe1c7414628a18b2b45"
    for use in ("operator", "countersigner", "approver", "run"):
        key = Key(use)
        out.append(_case(f"key of the {use}", "ed25519", key.public) | {"seed": key.seed.hex()})
    out.append(_case("other alg, same bytes", "x25519", FIXED_KEY, known=False))

    bad_keys = [("public key of 31 bytes", FIXED_KEY[:31]), ("public key of 33 bytes", FIXED_KEY + b"\x20"), ("empty public key", b"")]
    for name, public in bad_keys:
        out.append(
            {
                "name": name,
                "expect": "refuse",
                "what": "key",
                "alg": "ed25519",
                "public": public.hex(),
                "reason": "ed25519 keys are 32 bytes",
            }
        )
    good = out[0]["kid"]
    bad_ids = [
        ("upper-case hex", "k-FFE1c7414628a18b2b45"),
        ("19 digits", good[:-1]),
        ("21 digits", good + "0"),
        ("other prefix", "q" + good[1:]),
        ("no hyphen", good.replace("-", "")),
        ("not hex", good[:-1] + "g"),
        ("empty", ""),
    ]
    for name, kid in bad_ids:
        out.append(
            {"name": "string: " + name, "expect": "refuse", "what": "kid", "kid": kid, "reason": "not k- and 20 lower-case hex digits"}
        )
    return out


def _case(name, alg, public, known=True):
    preimage = domain("kid") + alg.encode("ascii") + b"\x00" + public
    return {
        "name": name,
        "expect": "accept",
        "what": "key",
        "alg": alg,
        "alg_known": known,
        "public": public.hex(),
        "preimage": preimage.hex(),
        "kid": key_id(alg, public),
    }
