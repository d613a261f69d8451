"""Vector 3: where Ed25519 verifiers differ, and what section 3 wants of them."""

import hashlib

from . import ed25519 as ed
from .primitives import filler, flip

ABOUT = (
    "Strict Ed25519 (section 3): canonical S, no small-order keys, cofactorless. public, message and "
    "signature are hex. open marks the cases where the text is silent and expect follows the stricter habit."
)

SEED = filler("ed25519 strict seed")
PUBLIC = ed.public(SEED)
SCALAR = ed.secret_scalar(SEED)
MESSAGE = b"position 17 moved to destroy"
RFC_8032 = [
    (
        "RFC 8032 test 1, empty message",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "RFC 8032 test 2, one byte",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "RFC 8032 test 3, two bytes",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def cases():
    return _good() + _wrong_s() + _small_order_keys() + _small_order_r() + _mixed_order() + _shapes() + _flips()


def _case(name, public, message, signature, why=None, is_open=False):
    fault = ed.strict_fault(public, message, signature)
    assert why is None or fault == why or is_open, (name, fault)
    case = {
        "name": name,
        "expect": "refuse" if fault or is_open else "accept",
        "public": public.hex(),
        "message": message.hex(),
        "signature": signature.hex(),
    }
    if fault or is_open:
        case["reason"] = why or fault
    if is_open:
        case["open"] = True
    if fault is None:
        assert ed.openssl_accepts(public, message, signature), name
    return case


def _good():
    out = [_case(n, bytes.fromhex(p), bytes.fromhex(m), bytes.fromhex(s)) for n, p, m, s in RFC_8032]
    out.append(_case("ordinary signature", PUBLIC, MESSAGE, ed.sign(SEED, MESSAGE)))
    assert all(case["expect"] == "accept" for case in out)
    return out


def _wrong_s():
    good = ed.sign(SEED, MESSAGE)
    s = int.from_bytes(good[32:], "little")
    out = []
    for name, number in [("S + L", s + ed.L), ("S + 8 L", s + 8 * ed.L), ("S is L", ed.L), ("S is 2^256 - 1", 2**256 - 1)]:
        signature = good[:32] + number.to_bytes(32, "little")
        assert ed.cofactorless(PUBLIC, MESSAGE, signature) == ("+" in name)
        out.append(_case(name, PUBLIC, MESSAGE, signature, "S is not canonical"))
    other = good[:32] + (ed.L - s).to_bytes(32, "little")
    out.append(_case("L - S", PUBLIC, MESSAGE, other, "equation does not hold"))
    return out


def _message_with(test, label):
    """The first message `label 0`, `label 1`, … that passes the test."""
    n = 0
    while True:
        message = f"{label} {n}".encode("ascii")
        if test(message):
            return message
        n += 1


def _small_order_keys():
    """Signatures whose equation holds although nobody has a secret: R = rB, S = r, kA = identity."""
    out = []
    nonce = int.from_bytes(filler("nonce of small-order keys"), "little") % ed.L
    r = ed.encode(ed.multiply(nonce, ed.BASE))
    signature = r + nonce.to_bytes(32, "little")
    for order, points in ed.torsion().items():
        for n, point in enumerate(points):
            key = ed.encode(point)
            message = _message_with(lambda m: ed.challenge(r, key, m) % order == 0, f"order {order}")
            assert ed.cofactorless(key, message, signature)
            name = f"public key of order {order}, number {n}"
            out.append(_case(name, key, message, signature, "public key of small order"))
    for name, key in _other_encodings():
        message = _message_with(lambda m: ed.challenge(r, key, m) % 8 == 0, "lenient decoder")
        out.append(_case(name, key, message, signature, "public key is no point encoding"))
    return out


def _other_encodings():
    sign = 1 << 255
    numbers = [
        ("public key: identity with negative zero", 1 | sign),
        ("public key: identity as y = p + 1", ed.P + 1),
        ("public key: identity as y = p + 1 with negative zero", ed.P + 1 | sign),
        ("public key: order 2 with negative zero", ed.P - 1 | sign),
        ("public key: order 4 as y = p", ed.P),
        ("public key: order 4 as y = p, other sign", ed.P | sign),
        ("public key: y = p + 3", ed.P + 3),
        ("public key: y = 2 is on no curve point", 2),
    ]
    assert ed.decode((2).to_bytes(32, "little")) is None
    return [(name, number.to_bytes(32, "little")) for name, number in numbers]


def _small_order_r():
    out = []
    points = ed.torsion()
    zero = ed.sign_with(SCALAR, 0, PUBLIC, MESSAGE)
    assert zero[:32] == ed.encode(ed.IDENTITY) and ed.cofactorless(PUBLIC, MESSAGE, zero)
    out.append(_case("R is the identity, equation holds", PUBLIC, MESSAGE, zero, "R of small order", is_open=True))
    for order in (2, 4, 8):
        signature = ed.sign_with(SCALAR, 0, PUBLIC, MESSAGE, extra_r=points[order][0])
        assert ed.cofactored(PUBLIC, MESSAGE, signature)
        name = f"R of order {order}, only the cofactored equation holds"
        out.append(_case(name, PUBLIC, MESSAGE, signature, "equation does not hold"))
    for name, number in [("R: identity as y = p + 1", ed.P + 1), ("R: identity with negative zero", 1 | 1 << 255)]:
        r = number.to_bytes(32, "little")
        s = ed.challenge(r, PUBLIC, MESSAGE) * SCALAR % ed.L
        out.append(_case(name, PUBLIC, MESSAGE, r + s.to_bytes(32, "little"), "R is no point encoding"))
    return out


def _mixed_order():
    point = ed.torsion()[8][0]
    mixed_key = ed.encode(ed.add(ed.multiply(SCALAR, ed.BASE), point))
    nonce = int.from_bytes(filler("nonce of mixed order"), "little") % ed.L
    r = ed.encode(ed.multiply(nonce, ed.BASE))
    holds = _message_with(lambda m: ed.challenge(r, mixed_key, m) % 8 == 0, "mixed key")
    fails = _message_with(lambda m: ed.challenge(r, mixed_key, m) % 8 == 1, "mixed key")
    signature_holds = ed.sign_with(SCALAR, nonce, mixed_key, holds)
    signature_fails = ed.sign_with(SCALAR, nonce, mixed_key, fails)
    mixed_r = ed.sign_with(SCALAR, nonce, PUBLIC, MESSAGE, extra_r=point)
    assert ed.cofactored(mixed_key, fails, signature_fails) and ed.cofactored(PUBLIC, MESSAGE, mixed_r)
    out = [
        _case("key of mixed order, cofactorless equation holds", mixed_key, holds, signature_holds),
        _case("key of mixed order, only the cofactored equation holds", mixed_key, fails, signature_fails, "equation does not hold"),
        _case("R of mixed order, only the cofactored equation holds", PUBLIC, MESSAGE, mixed_r, "equation does not hold"),
    ]
    r_and_key = _mixed_r_and_key(mixed_key, nonce, point)
    out.append(_case("R and key of mixed order, cofactorless equation holds", mixed_key, *r_and_key))
    assert out[0]["expect"] == out[3]["expect"] == "accept"
    return out


def _mixed_r_and_key(mixed_key, nonce, point):
    """R = rB - T, key = aB + T, and a message with k = 1 mod 8, so that both torsion parts cancel."""
    extra = ed.negate(point)
    r = ed.encode(ed.add(ed.multiply(nonce, ed.BASE), extra))
    message = _message_with(lambda m: ed.challenge(r, mixed_key, m) % 8 == 1, "mixed both")
    return message, ed.sign_with(SCALAR, nonce, mixed_key, message, extra_r=extra)


def _shapes():
    good = ed.sign(SEED, MESSAGE)
    return [
        _case("signature of 63 bytes", PUBLIC, MESSAGE, good[:63], "signature is not 64 bytes"),
        _case("signature of 65 bytes", PUBLIC, MESSAGE, good + b"\x00", "signature is not 64 bytes"),
        _case("empty signature", PUBLIC, MESSAGE, b"", "signature is not 64 bytes"),
        _case("signature of zeros", PUBLIC, MESSAGE, bytes(64), "equation does not hold"),
        _case("public key of 31 bytes", PUBLIC[:31], MESSAGE, good, "public key is not 32 bytes"),
        _case("public key of 33 bytes", PUBLIC + b"\x00", MESSAGE, good, "public key is not 32 bytes"),
        _case("R and S exchanged", PUBLIC, MESSAGE, good[32:] + good[:32]),
        _case("prehashed: signed SHA-512 of the message", PUBLIC, MESSAGE, _prehashed(), "equation does not hold"),
        _case("another key's signature", ed.public(filler("another seed")), MESSAGE, good, "equation does not hold"),
    ]


def _prehashed():
    prefix = b"SigEd25519 no Ed25519 collisions\x01\x00"
    digest = hashlib.sha512(MESSAGE).digest()
    nonce = int.from_bytes(hashlib.sha512(prefix + hashlib.sha512(SEED).digest()[32:] + digest).digest(), "little")
    r = ed.encode(ed.multiply(nonce % ed.L, ed.BASE))
    k = int.from_bytes(hashlib.sha512(prefix + r + PUBLIC + digest).digest(), "little")
    return r + ((nonce + k * SCALAR) % ed.L).to_bytes(32, "little")


def _flips():
    good = ed.sign(SEED, MESSAGE)
    out = []
    for bit in (0, 100, 255, 256, 300, 508, 511):
        out.append(_case(f"signature with bit {bit} flipped", PUBLIC, MESSAGE, flip(good, bit)))
    for bit in (0, 128, 255):
        out.append(_case(f"public key with bit {bit} flipped", flip(PUBLIC, bit), MESSAGE, good))
    out.append(_case("message with bit 0 flipped", PUBLIC, flip(MESSAGE, 0), good))
    out.append(_case("message one byte longer", PUBLIC, MESSAGE + b"\x00", good))
    assert all(case["expect"] == "refuse" for case in out)
    return out
