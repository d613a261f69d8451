"""The fixed keys that several vectors share, and their key records."""

from . import ed25519
from .primitives import b64url, filler, key_id


class Key:
    """An Ed25519 key made from the SHA-256 of its name."""

    def __init__(self, use, name=None):
        self.use = use
        self.seed = filler("key of " + (name or use))
        self.public = ed25519.public(self.seed)
        self.kid = key_id("ed25519", self.public)
        self.person = "p-" + filler("person of " + (name or use)).hex()[:20]

    def sign(self, message):
        return ed25519.sign(self.seed, message)

    def record(self, seen="in_person"):
        return {
            "alg": "ed25519",
            "kid": self.kid,
            "person": self.person,
            "public": b64url(self.public),
            "seen": seen,
            "use": self.use,
        }

    def given(self):
        """What a test needs to sign with this key."""
        return {"kid": self.kid, "use": self.use, "seed": self.seed.hex(), "public": self.public.hex()}


CASE = "c-7Q2mK4TzXw9B"
# Digits 2 to 7 belong to every base32 alphabet, in either case.
ORIGIN = "custody/27452633274526332745263327"
assert len(ORIGIN) == 8 + 26
