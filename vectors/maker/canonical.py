"""Canonical JSON: a writer, and a reader that accepts nothing but what the writer writes."""

import re

MAX_INTEGER = 2**53 - 1
KEY = re.compile(r"[a-z][a-z0-9_]*\Z")
SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}


class Refused(Exception):
    pass


def write(value):
    """Canonical bytes of a value made of dict, list, str, bool and int."""
    return _text(value).encode("utf-8")


def _text(value):
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        assert 0 <= value <= MAX_INTEGER
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_escaped(c) for c in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(_text(v) for v in value) + "]"
    assert isinstance(value, dict) and all(KEY.match(k) for k in value)
    return "{" + ",".join(f'"{k}":{_text(value[k])}' for k in sorted(value)) + "}"


def _escaped(char):
    code = ord(char)
    assert code != 0 and not 0xD800 <= code <= 0xDFFF
    if code in SHORT:
        return SHORT[code]
    return f"\\u{code:04x}" if code < 0x20 else char


def read(data, kind):
    """The value of canonical bytes; `kind` is `line` or `document`. Raises Refused."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not UTF-8")
    reader = _Reader(text, kind)
    value = reader.value()
    if reader.at != len(text):
        raise Refused("trailing bytes")
    assert write(value) == data
    return value


class _Reader:
    """One pass over the text; every deviation is refused where it is met."""

    def __init__(self, text, kind):
        self.text, self.kind, self.at = text, kind, 0

    def peek(self):
        if self.at >= len(self.text):
            raise Refused("input ends too early")
        return self.text[self.at]

    def take(self, char):
        if self.peek() != char:
            self.wrong(char)
        self.at += 1

    def wrong(self, wanted):
        got = self.peek()
        if got in " \t\r\n":
            raise Refused("white space between tokens")
        raise Refused(f"expected {wanted}")

    def value(self):
        char = self.peek()
        if char == "{":
            return self.object()
        if char == "[":
            return self.list()
        if char == '"':
            return self.string()
        if char.isascii() and char.isdigit():
            return self.integer()
        for word, value in (("true", True), ("false", False)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        if self.text.startswith("null", self.at):
            raise Refused("null")
        if char == "-":
            raise Refused("negative number")
        if char == "\ufeff" and self.at == 0:
            raise Refused("byte order mark")
        self.wrong("a value")

    def integer(self):
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "0123456789":
            self.at += 1
        digits = self.text[start : self.at]
        if self.at < len(self.text) and self.text[self.at] in ".eE":
            raise Refused("fraction or exponent")
        if len(digits) > 1 and digits[0] == "0":
            raise Refused("leading zero")
        if int(digits) > MAX_INTEGER:
            raise Refused("integer above 2^53-1")
        return int(digits)

    def list(self):
        self.take("[")
        out = []
        if self.peek() == "]":
            self.at += 1
            return out
        while True:
            out.append(self.value())
            if self.peek() == "]":
                self.at += 1
                return out
            self.take(",")

    def object(self):
        self.take("{")
        out, last = {}, None
        if self.peek() == "}":
            self.at += 1
            return out
        while True:
            key = self.string()
            if not KEY.match(key):
                raise Refused("key not [a-z][a-z0-9_]*")
            if key in out:
                raise Refused("key doubled")
            if last is not None and key < last:
                raise Refused("keys not sorted")
            self.take(":")
            out[key] = self.value()
            last = key
            if self.peek() == "}":
                self.at += 1
                return out
            self.take(",")

    def string(self):
        self.take('"')
        out = ""
        while True:
            char = self.peek()
            if char == '"':
                self.at += 1
                return out
            if char == "\\":
                out += self.escape()
            elif ord(char) == 0:
                raise Refused("U+0000 in a string")
            elif ord(char) < 0x20:
                raise Refused("raw control character in a string")
            else:
                out += char
                self.at += 1
            if self.kind == "line" and not 0x20 <= ord(out[-1]) <= 0x7E:
                raise Refused("character outside printable ASCII in a line")

    def escape(self):
        if self.kind == "line":
            raise Refused("escape in a line")
        for code, short in SHORT.items():
            if self.text.startswith(short, self.at):
                self.at += 2
                return chr(code)
        found = re.compile(r"\\u([0-9a-fA-F]{4})").match(self.text, self.at)
        if not found:
            raise Refused("unknown or unneeded escape")
        code = int(found[1], 16)
        if code == 0:
            raise Refused("U+0000 in a string")
        if 0xD800 <= code <= 0xDFFF:
            raise Refused("surrogate escape")
        if code >= 0x20 or code in SHORT or found[1] != f"{code:04x}":
            raise Refused("escape is not the canonical one")
        self.at += 6
        return chr(code)
