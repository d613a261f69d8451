"""The few byte functions of the text: D, K, u32, u64, PAE, key ids, base64url."""

import base64
import hashlib
import hmac
import struct

FIXED_KEY = bytes(range(32))
ENTRY_TYPE = "application/vnd.custody.entry.v1+json"
APPROVAL_TYPE = "application/vnd.custody.approval.v1+json"
RECEIVING_TYPE = "application/vnd.custody.receiving.v1+json"


def sha256(data):
    return hashlib.sha256(data).digest()


def domain(name):
    return b"custody/" + name.encode("ascii") + b"/v1\x00"


def keyed(key, name, message):
    assert len(key) == 32
    return hmac.new(key, domain(name) + message, hashlib.sha256).digest()


def u32(number):
    return struct.pack(">I", number)


def u64(number):
    return struct.pack(">Q", number)


def pae(payload_type, payload):
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def key_id(alg, public):
    return "k-" + sha256(domain("kid") + alg.encode("ascii") + b"\x00" + public).hex()[:20]


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64(data):
    return base64.b64encode(data).decode("ascii")


def unb64url_strict(text):
    """Decode, encode, compare: the only form accepted is the one that would be written."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text:
        raise ValueError("base64url is not canonical")
    return data


def filler(name, length=32):
    """Bytes that look random and are the same in every run."""
    out = b""
    block = 0
    while len(out) < length:
        out += sha256(b"custody test vectors: " + name.encode("ascii") + u32(block))
        block += 1
    return out[:length]


def digits_to(expected, value):
    """Checks `value` against a fixed point abbreviated as prefix…suffix and returns it."""
    prefix, _, suffix = expected.partition("\u2026")
    assert value.startswith(prefix) and value.endswith(suffix), (expected, value)
    return value


def flip(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << (bit % 8)
    return bytes(out)
