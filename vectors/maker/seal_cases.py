"""Vector 8: order, positions, row keys, commitments and root of a seal."""

from . import merkle
from .primitives import FIXED_KEY, digits_to, filler, keyed, u64
from .rows import integer, real, rows_v1, text

ABOUT = (
    "Seal of section 6. key is K. rows in reading order: person_key (32 zero bytes for nobody), row (rows/v1), "
    "order_key, position, row_key (k_p), commitment (c_p). order: reading indexes by position; commitments by "
    "position; root = MTH of them. All binary is hex."
)

NOBODY = bytes(32)
NULL = (0, b"")
FIXED_PERSON = b"\xaa" * 32
FIXED_ROW = rows_v1([integer(7), text("\u5f20\u4e09"), NULL])


def cases():
    persons = [FIXED_PERSON, b"\xbb" * 32, NOBODY, FIXED_PERSON, filler("row key of a row of several persons")]
    whose = ["person A", "person B", "nobody", "person A again", "several persons: the row key"]
    rows = [
        FIXED_ROW,
        rows_v1([integer(8), text("\u674e\u56db"), text("13800000000")]),
        rows_v1([integer(9), NULL, NULL]),
        rows_v1([integer(-1), text(""), real(0x3FF8000000000000)]),
        rows_v1([(5, b"2026-11-24"), (4, b"\x00\xff"), NULL]),
    ]
    return [
        _fixed_point(),
        _case("five rows", FIXED_KEY, rows, persons, whose),
        _case("five rows under another K", filler("another K"), rows, persons, whose),
        _case("equal rows of one person differ by position", filler("a third K"), [FIXED_ROW] * 5, [FIXED_PERSON] * 5),
        _case("one row of nobody", FIXED_KEY, [FIXED_ROW], [NOBODY]),
        _case("no rows", FIXED_KEY, [], []),
    ]


def _fixed_point():
    case = _case("fixed point: four equal rows", FIXED_KEY, [FIXED_ROW] * 4, [FIXED_PERSON] * 4)
    assert case["order"] == [1, 2, 0, 3]
    at_zero = case["rows"][1]
    digits_to("1a26b011\u2026cef5320c", at_zero["row_key"])
    digits_to("7483bee6\u2026fedc90cd", at_zero["commitment"])
    digits_to("992647e8\u2026fef4c323", case["root"])
    return case


def _case(name, key, rows, persons, whose=None):
    order_keys = [keyed(key, "order", u64(i)) for i in range(len(rows))]
    order = sorted(range(len(rows)), key=order_keys.__getitem__)
    shown = []
    for i, row in enumerate(rows):
        position = order.index(i)
        row_key = keyed(key, "row-key", u64(position) + persons[i])
        shown.append(
            {
                "index": i,
                **({"of": whose[i]} if whose else {}),
                "person_key": persons[i].hex(),
                "row": row.hex(),
                "order_key": order_keys[i].hex(),
                "position": position,
                "row_key": row_key.hex(),
                "commitment": keyed(row_key, "row", row).hex(),
            }
        )
    commitments = [shown[i]["commitment"] for i in order]
    root = merkle.root([bytes.fromhex(c) for c in commitments])
    return {"name": name, "key": key.hex(), "rows": shown, "order": order, "commitments": commitments, "root": root.hex()}
