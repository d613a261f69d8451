"""Vector 10: pages and roots of outcome vectors, uniform vectors, and what rule S2 lets move."""

from . import merkle
from .primitives import digits_to, filler

ABOUT = (
    "Outcome vectors of section 7. kind codes: the table of codes. kind vector: codes (hex, one byte a position), pages (hex, "
    "256 bytes, the last shorter, none for an empty vector), root = MTH(pages), totals by code 0 to 8. kind uniform: "
    "one code everywhere, count positions, its root and totals as if written out. kind bad_vector: refused. kind "
    "transition: one position from one code to another under S2. kind later_vector: a whole later vector; moved is the "
    "first position that may not move."
)

CODES = ["undecided", "continue", "retain", "transfer", "return", "anonymise", "destroy", "superseded", "gone"]
FINAL = {CODES.index(name) for name in ("destroy", "return", "transfer", "anonymise", "superseded")}


def cases():
    table = [{"code": n, "outcome_name": name, "is_outcome": n < 7, "may_move": n not in FINAL} for n, name in enumerate(CODES)]
    out = [{"name": "codes", "kind": "codes", "table": table}]
    for n in (0, 1, 255, 256, 257, 300, 512, 513):
        out.append(_vector(f"mixed codes, N = {n}", _mixed(n)))
        if n:
            out.append(_vector(f"all destroy, N = {n}", bytes([6]) * n))
    fixed = _vector("fixed point: 300 bytes 06", bytes([6]) * 300)
    digits_to("b8227b60\u2026df3f7e83", fixed["root"])
    out = [case for case in out if case["name"] != "all destroy, N = 300"] + [fixed]
    return out + _uniform() + _bad() + _transitions() + _later()


def _mixed(n):
    return bytes(b % 9 for b in filler("codes", n))


def _totals(codes):
    return [codes.count(bytes([n])) for n in range(9)]


def _pages(codes):
    return [codes[at : at + 256] for at in range(0, len(codes), 256)]


def _vector(name, codes):
    pages = _pages(codes)
    return {
        "name": name,
        "kind": "vector",
        "count": len(codes),
        "codes": codes.hex(),
        "pages": [page.hex() for page in pages],
        "root": merkle.root(pages).hex(),
        "totals": _totals(codes),
    }


def _uniform():
    out = []
    for code, count in [(6, 1), (6, 256), (6, 300), (2, 257), (0, 255), (8, 513), (6, 100000)]:
        codes = bytes([code]) * count
        out.append(
            {
                "name": f"uniform {CODES[code]}, N = {count}",
                "kind": "uniform",
                "code": code,
                "count": count,
                "root": merkle.root(_pages(codes)).hex(),
                "totals": _totals(codes),
            }
        )
    return out


def _bad():
    given = [
        ("code 9", b"\x06\x09", "code above 8"),
        ("code 255", b"\xff", "code above 8"),
        ("ASCII digits", b"66", "code above 8"),
    ]
    return [{"name": "bad: " + name, "kind": "bad_vector", "codes": codes.hex(), "reason": reason} for name, codes, reason in given]


def _transitions():
    out = []
    for old in range(9):
        for new in range(9):
            out.append(
                {
                    "name": f"{CODES[old]} to {CODES[new]}",
                    "kind": "transition",
                    "from": old,
                    "to": new,
                    "expect": "accept" if old == new or old not in FINAL else "refuse",
                }
            )
    return out


def _later():
    base = _mixed(300)
    settled = base.index(b"\x06", 256)
    free = base.index(b"\x02", 256)
    given = [
        ("the same vector again", base, base),
        ("everything undecided is destroyed", base, base.replace(b"\x00", b"\x06")),
        ("a retained position on the second page is destroyed", base, _put(base, free, 6)),
        ("a destroyed position on the second page becomes retained", base, _put(base, settled, 2)),
        ("a destroyed position becomes superseded", base, _put(base, settled, 7)),
        ("two positions exchange destroy and retain: equal totals", base, _put(_put(base, settled, 2), free, 6)),
        ("one position more", base, base + b"\x00"),
        ("one position less", base, base[:-1]),
        ("empty to empty", b"", b""),
    ]
    out = []
    for name, old, new in given:
        moved = next((p for p, (a, b) in enumerate(zip(old, new)) if a != b and a in FINAL), None)
        case = {"name": "later: " + name, "kind": "later_vector", "before": old.hex(), "after": new.hex()}
        if len(old) != len(new):
            case |= {"expect": "refuse", "reason": "another number of positions"}
        elif moved is not None:
            case |= {"expect": "refuse", "reason": "a position left a final code", "moved": moved}
        else:
            case |= {"expect": "accept"}
        out.append(case)
    return out


def _put(codes, at, code):
    return codes[:at] + bytes([code]) + codes[at + 1 :]
