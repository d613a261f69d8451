"""Vector 1: 40 byte strings that are canonical JSON, 40 that are not."""

from . import canonical
from .primitives import sha256

ABOUT = (
    "Canonical JSON of section 2. kind line: strings printable ASCII without quote and backslash; "
    "kind document: any UTF-8 without U+0000. bytes is hex; text repeats it where it is UTF-8."
)

L, D = "line", "document"
BS = "\\"
PRINTABLE = "".join(chr(c) for c in range(0x20, 0x7F) if chr(c) not in '"\\')
OTHER_CONTROLS = "".join(f"{BS}u{c:04x}" for c in range(1, 0x20) if c not in (8, 9, 10, 12, 13))

ACCEPTED = [
    ("empty object", L, "{}"),
    ("one integer", L, '{"a":1}'),
    ("zero", L, '{"a":0}'),
    ("largest integer 2^53-1", L, '{"a":9007199254740991}'),
    ("true and false", L, '{"a":true,"b":false}'),
    ("empty string", L, '{"a":""}'),
    ("empty list inside", L, '{"a":[]}'),
    ("empty object inside", L, '{"a":{}}'),
    ("list keeps its order", L, '{"a":[3,1,2,1]}'),
    ("nested lists and objects", L, '{"a":[{"b":[{"c":[]}]},[[]]],"d":{"e":{"f":0}}}'),
    ("keys sorted: digit before underscore before letter", L, '{"a":1,"a1":2,"a_":3,"a_b":4,"aa":5}'),
    ("key ends in digit and underscore", L, '{"z9_":0}'),
    ("key of 64 characters", L, '{"' + "k" * 64 + '":0}'),
    ("every character a line allows", L, '{"a":"' + PRINTABLE + '"}'),
    ("spaces inside a string", L, '{"a":"  x  "}'),
    ("slash, angle brackets, ampersand stay raw", L, '{"a":"src2/t14 <&>"}'),
    ("strings that look like other values", L, '{"a":"null","b":"1.5","c":"-0","d":"{}"}'),
    ("mixed list", L, '{"a":[0,"0",false,[],{}]}'),
    ("32 lists deep", L, "[" * 32 + "]" * 32),
    ("a whole line", L, '{"actor":"k-ffe1c7414628a18b2b45","facts":{"rows":1000000},"n":17,"rules":["CN-PIPL-47-1"]}'),
    ("Chinese text", D, '{"a":"\u5f20\u4e09"}'),
    ("escaped quote and backslash", D, '{"a":"' + BS + '"' + BS * 2 + '"}'),
    ("the five short escapes", D, '{"a":"' + BS + "b" + BS + "t" + BS + "n" + BS + "f" + BS + 'r"}'),
    ("other controls as lower-case u escapes", D, '{"a":"' + OTHER_CONTROLS + '"}'),
    ("delete stays raw", D, '{"a":"\x7f"}'),
    ("U+0080 and U+009F stay raw", D, '{"a":"\x80\x9f"}'),
    ("line and paragraph separators stay raw", D, '{"a":"\u2028\u2029"}'),
    ("a character outside the basic plane", D, '{"a":"\U0001f5d1"}'),
    ("byte order mark inside a string", D, '{"a":"\ufeff"}'),
    ("noncharacters", D, '{"a":"\ufdd0\uffff"}'),
    ("private use and the rare character U+20000", D, '{"a":"\ue000\U00020000"}'),
    ("nothing is normalised", D, '{"a":"\u00e9","b":"e\u0301"}'),
    ("slash stays raw", D, '{"a":"/"}'),
    ("last code point", D, '{"a":"\U0010ffff"}'),
    ("list at the top", D, '[{"path":"a","sha256":"b"}]'),
    ("empty list at the top", D, "[]"),
    ("backslash followed by u0041", D, '{"a":"' + BS * 2 + 'u0041"}'),
    ("empty object as document", D, "{}"),
    ("integers in a list", D, "[0,9007199254740991]"),
    ("a body", D, '{"names":["\u674e\u56db"],"reason":"\u7b2c\u4e00\u884c' + BS + 'n\u7b2c\u4e8c\u884c"}'),
]

REFUSED = [
    ("no bytes at all", L, "", "input ends too early"),
    ("null", L, '{"a":null}', "null"),
    ("fraction", L, '{"a":1.5}', "fraction or exponent"),
    ("whole number with point", L, '{"a":1.0}', "fraction or exponent"),
    ("exponent", L, '{"a":1e3}', "fraction or exponent"),
    ("minus zero", L, '{"a":-0}', "negative number"),
    ("negative integer", L, '{"a":-1}', "negative number"),
    ("2^53", L, '{"a":9007199254740992}', "integer above 2^53-1"),
    ("integer above 2^64", L, '{"a":18446744073709551617}', "integer above 2^53-1"),
    ("leading zero", L, '{"a":01}', "leading zero"),
    ("key doubled", L, '{"a":1,"a":2}', "key doubled"),
    ("key doubled with the same value, inside", L, '{"a":{"b":1,"b":1}}', "key doubled"),
    ("keys not sorted", L, '{"b":1,"a":2}', "keys not sorted"),
    ("upper-case key", L, '{"aB":1}', "key not [a-z][a-z0-9_]*"),
    ("key begins with a digit", L, '{"1a":1}', "key not [a-z][a-z0-9_]*"),
    ("empty key", L, '{"":1}', "key not [a-z][a-z0-9_]*"),
    ("space after the colon", L, '{"a": 1}', "white space between tokens"),
    ("newline at the end", L, '{"a":1}\n', "trailing bytes"),
    ("second value", L, '{"a":1}{"a":1}', "trailing bytes"),
    ("byte order mark at the start", L, '\ufeff{"a":1}', "byte order mark"),
    ("Chinese text in a line", L, '{"a":"\u5f20\u4e09"}', "character outside printable ASCII in a line"),
    ("delete in a line", L, '{"a":"\x7f"}', "character outside printable ASCII in a line"),
    ("escaped quote in a line", L, '{"a":"' + BS + '""}', "escape in a line"),
    ("object cut short", L, '{"a":1', "input ends too early"),
    ("escaped slash", D, '{"a":"' + BS + '/"}', "unknown or unneeded escape"),
    ("upper-case hex in an escape", D, '{"a":"' + BS + 'u001F"}', "escape is not the canonical one"),
    ("escaped letter", D, '{"a":"' + BS + 'u0041"}', "escape is not the canonical one"),
    ("long escape where a short one exists", D, '{"a":"' + BS + 'u000a"}', "escape is not the canonical one"),
    ("escaped surrogate pair", D, '{"a":"' + BS + "ud83d" + BS + 'uddd1"}', "surrogate escape"),
    ("lone surrogate escape", D, '{"a":"' + BS + 'ud800"}', "surrogate escape"),
    ("lone surrogate as bytes", D, b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
    ("overlong UTF-8", D, b'{"a":"\xc1\x81"}', "not UTF-8"),
    ("escaped U+0000", D, '{"a":"' + BS + 'u0000"}', "U+0000 in a string"),
    ("raw U+0000", D, '{"a":"\x00"}', "U+0000 in a string"),
    ("raw newline in a string", D, '{"a":"\n"}', "raw control character in a string"),
    ("Chinese key", D, '{"\u5f20":1}', "key not [a-z][a-z0-9_]*"),
    ("letter before underscore", D, '{"aa":1,"a_b":2}', "keys not sorted"),
    ("string cut short", D, '{"a":"b', "input ends too early"),
    ("space after a comma", D, "[1, 2]", "white space between tokens"),
    ("comma before the end", D, "[1,]", "expected a value"),
]


def cases():
    assert len(ACCEPTED) == 40 and len(REFUSED) == 40
    out = []
    for name, kind, text in ACCEPTED:
        data = text.encode("utf-8")
        canonical.read(data, kind)
        out.append(_case(name, kind, data, "accept") | {"sha256": sha256(data).hex()})
    for name, kind, text, reason in REFUSED:
        data = text if isinstance(text, bytes) else text.encode("utf-8")
        assert _refusal(data, kind) == reason, (name, _refusal(data, kind))
        out.append(_case(name, kind, data, "refuse") | {"reason": reason})
    return out


def _case(name, kind, data, expect):
    case = {"name": name, "kind": kind, "expect": expect, "bytes": data.hex()}
    try:
        case["text"] = data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    return case


def _refusal(data, kind):
    try:
        canonical.read(data, kind)
    except canonical.Refused as refused:
        return str(refused)
    return None
