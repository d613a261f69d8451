"""Ed25519 after RFC 8032 in plain integers, with the strict check of section 3.

Slow and not constant-time: only for test vectors with published keys. Ordinary
signatures are compared with the package `cryptography`.
"""

import functools
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P
    return (x, y)


def negate(a):
    return (-a[0] % P, a[1])


def multiply(scalar, point):
    out = IDENTITY
    while scalar:
        if scalar & 1:
            out = add(out, point)
        point = add(point, point)
        scalar >>= 1
    return out


def encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data):
    """The point, or None; y of p or more and a negative zero are no encoding (RFC 8032, 5.1.3)."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    x = _root((y * y - 1) * pow(D * y * y + 1, P - 2, P) % P)
    if x is None or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x, y)


def _root(square):
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_M1 % P
    return x if x * x % P == square else None


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def secret_scalar(seed):
    head = bytearray(hashlib.sha512(seed).digest()[:32])
    head[0] &= 248
    head[31] = head[31] & 127 | 64
    return int.from_bytes(head, "little")


@functools.lru_cache(None)
def public(seed):
    out = encode(multiply(secret_scalar(seed), BASE))
    official = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    assert out == official.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return out


@functools.lru_cache(None)
def sign(seed, message):
    nonce = _hash(hashlib.sha512(seed).digest()[32:] + message)
    out = sign_with(secret_scalar(seed), nonce, public(seed), message)
    assert out == Ed25519PrivateKey.from_private_bytes(seed).sign(message)
    return out


def sign_with(scalar, nonce, public_bytes, message, extra_r=IDENTITY):
    """A signature from its parts; `extra_r` is added to R before it is hashed."""
    r = encode(add(multiply(nonce % L, BASE), extra_r))
    s = (nonce + challenge(r, public_bytes, message) * scalar) % L
    return r + s.to_bytes(32, "little")


def challenge(r, public_bytes, message):
    return _hash(r + public_bytes + message)


def _hash(data):
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % L


def small_order(point):
    return multiply(8, point) == IDENTITY


@functools.lru_cache(None)
def strict_fault(public_bytes, message, signature):
    """None if section 3 accepts; else why not."""
    if len(public_bytes) != 32:
        return "public key is not 32 bytes"
    if len(signature) != 64:
        return "signature is not 64 bytes"
    key = decode(public_bytes)
    if key is None:
        return "public key is no point encoding"
    if small_order(key):
        return "public key of small order"
    if int.from_bytes(signature[32:], "little") >= L:
        return "S is not canonical"
    if decode(signature[:32]) is None:
        return "R is no point encoding"
    if not cofactorless(public_bytes, message, signature):
        return "equation does not hold"
    return None


def cofactorless(public_bytes, message, signature):
    s = int.from_bytes(signature[32:], "little")
    k = challenge(signature[:32], public_bytes, message)
    right = multiply(k, negate(decode(public_bytes)))
    return encode(add(multiply(s, BASE), right)) == signature[:32]


def cofactored(public_bytes, message, signature):
    s = int.from_bytes(signature[32:], "little")
    r, key = decode(signature[:32]), decode(public_bytes)
    k = challenge(signature[:32], public_bytes, message)
    return multiply(8 * s, BASE) == add(multiply(8, r), multiply(8 * k, key))


def openssl_accepts(public_bytes, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public_bytes).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def torsion():
    """The eight points of small order, by order: {1: [..], 2: [..], 4: [..], 8: [..]}."""
    y = 2
    while True:
        found = decode(y.to_bytes(32, "little"))
        if found and multiply(4 * L, found) != IDENTITY:
            break
        y += 1
    generator = multiply(L, found)
    out = {1: [], 2: [], 4: [], 8: []}
    for n in range(8):
        order = {0: 1, 4: 2, 2: 4, 6: 4}.get(n, 8)
        out[order].append(multiply(n, generator))
    return {order: sorted(points, key=encode) for order, points in out.items()}
