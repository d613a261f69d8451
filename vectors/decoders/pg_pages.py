"""Searches a PostgreSQL data directory for values: as plain bytes, compressed, in TOAST, in joined WAL."""

import re
import struct
import sys

sys.dont_write_bytecode = True

import inflate
import multisearch

PAGE = 8192
PAGE_HEADER = 24
WAL_OVERLAP = 1 << 14
PGLZ_RATIO = 100  # a match of 273 bytes takes three bytes and one control bit
LZ4_RATIO = 256
LEAST_PREFIX = 32  # shorter output of a broken stream is taken for chance
HEADLESS_LIMIT = 1000  # pieces of TOAST without their beginning that are tried, per relation
METHODS = {0: ("pglz", inflate.pglz, PGLZ_RATIO), 1: ("lz4", inflate.lz4, LZ4_RATIO)}

RELATION = re.compile(r"(?:base/\d+|global|pg_tblspc/.+)/((?:t\d+_)?\d+(?:_init)?)(?:\.\d+)?$")
WAL_SEGMENT = re.compile(r"pg_wal/(?:.*/)?[0-9A-F]{24}(?:\.partial)?$")


def _bytes_where(test):
    """A character class of the byte values that pass the test."""
    return b"[" + b"".join(re.escape(bytes([b])) for b in range(256) if test(b)) + b"]"


# Header of a compressed value in a row: length << 2 | 2, then raw size with the method in its top bits.
COMPRESSED = re.compile(
    b"(?s)" + _bytes_where(lambda b: b & 3 == 2) + b"(?=[\x00-\x7f]\x00\x00..[\x00-\x1f][\x00\x40])")
# A TOAST row from its infomask2 on: three columns, no nulls, header of 24 bytes, chunk id,
# chunk number, length of the chunk << 2. WAL records hold the same bytes.
CHUNK = re.compile(
    b"(?s)\x03" + _bytes_where(lambda b: b & 7 == 0) + _bytes_where(lambda b: b & 3 == 2)
    + b".\x18\x00(?=(.{4})(..[\x00\x01]\x00)(" + _bytes_where(lambda b: b & 3 == 0) + b"[\x00-\x7f]\x00\x00))")
INFOMASK2 = 18  # place of infomask2 in a row's header
CHUNK_HEADER = 36  # row header, chunk id, chunk number, length


def encode(value, least_digits):
    """The patterns of a value: character sets, int8, numeric."""
    yield from multisearch.text_encodings(value, ("utf-8", "utf-16-le", "gb18030"))
    number = multisearch.whole_number(value, least_digits)
    if number is None:
        return
    if number < 1 << 63:
        yield "int8", struct.pack("<q", number)
    yield "numeric", numeric(number)


def numeric(number):
    """Base-10000 digits; few digits are led by the header of a numeric without decimals."""
    digits, weight = [], -1
    while number:
        number, digit = divmod(number, 10000)
        weight += 1
        if digit or digits:
            digits.insert(0, digit)
    packed = struct.pack(f"<{len(digits)}H", *digits)
    return packed if len(digits) > 2 else struct.pack("<H", 0x8000 | weight) + packed


class Pages:
    """Tells whether a place in a relation file lies in a row that a line pointer calls normal."""

    def __init__(self, contents):
        self.contents = contents
        self.number = -1
        self.spans = {}

    def row_end(self, at):
        """The end of the live row that holds `at`, or None for holes and dead rows."""
        if at // PAGE != self.number:
            self.number = at // PAGE
            self.spans = self._spans(self.number * PAGE)
        return next((end for start, end in self.spans if start <= at < end), None)

    def _spans(self, base):
        page = self.contents[base:base + PAGE]
        lower = struct.unpack_from("<H", page, 12)[0] if len(page) == PAGE else 0
        spans = []
        for at in range(PAGE_HEADER, min(lower, PAGE - 3), 4):
            pointer = struct.unpack_from("<I", page, at)[0]
            offset, flags, length = pointer & 0x7FFF, pointer >> 15 & 3, pointer >> 17
            if flags == 1:
                spans.append((base + offset, base + offset + length))
        return spans


def decompress(header, data):
    """(method, bytes) of a compressed value from its raw size word, or None if that is implausible."""
    method = METHODS.get(header >> 30)
    rawsize = header & 0x3FFFFFFF
    if method is None or not len(data) < rawsize <= len(data) * method[2]:
        return None
    out = method[1](data, rawsize)
    return (method[0], out) if len(out) == rawsize or len(out) >= LEAST_PREFIX else None


def compressed_values(contents, page):
    """Yields (place, method, bytes) of each compressed value; `page` 0: at any place, else as in pages of that size."""
    for match in COMPRESSED.finditer(contents):
        at = match.start()
        if page and at % 4:
            continue
        end = page and (at // page + 1) * page or len(contents)
        length, header = struct.unpack("<II", contents[at:at + 8])
        if 8 < length >> 2 <= min(end - at, PAGE):
            got = decompress(header, contents[at + 8:at + (length >> 2)])
            if got:
                yield at, *got


class Toast:
    """The chunks of one relation (or of the WAL), joined by chunk id and number."""

    def __init__(self):
        self.chunks = {}  # chunk id -> {chunk number: (is live, data)}
        self.others = []  # (chunk number, data) of further copies that differ

    def add(self, contents, pages=None):
        """Carves the chunks; with `pages` only at places where a row can begin."""
        for match in CHUNK.finditer(contents):
            row = match.start() - INFOMASK2
            if pages and row % 8:
                continue
            chunk, number, length = struct.unpack("<III", b"".join(match.groups()))
            start = row + CHUNK_HEADER
            size = (length >> 2) - 4
            end = pages and (row // PAGE + 1) * PAGE or len(contents)
            if 0 < size <= min(end - start, 2048):
                live = bool(pages) and pages.row_end(row) == start + size
                self._keep(chunk, number, live, contents[start:start + size])

    def _keep(self, chunk, number, live, data):
        kept = self.chunks.setdefault(chunk, {})
        before = kept.get(number)
        if before and before[1] != data:
            self.others.append((number, before[1] if live else data))
        if not before or live:
            kept[number] = (live, data)

    def search(self, tally, structure, hole, place):
        """Looks through joined and loose chunks."""
        loose = []
        for kept in self.chunks.values():
            for first, live, data in _runs(kept):
                label = structure if live else hole
                tally.look(data, label, place)
                if first:
                    loose.append((label, data))
                else:
                    _look_inside(tally, data, label, place)
        for number, data in self.others:
            tally.look(data, hole, place)
            if number:
                loose.append((hole, data))
            else:
                _look_inside(tally, data, hole, place)
        for label, data in loose[:HEADLESS_LIMIT]:
            tally.look(_headless(data), label, place)
        tally.untried += len(loose[HEADLESS_LIMIT:])


def _headless(data):
    """What pglz makes of a piece from the middle of a stream: a control byte follows within 24 bytes."""
    return b"\n".join(inflate.pglz(data, PGLZ_RATIO * len(data), start, True) for start in range(25))


def _runs(kept):
    """Yields (first number, all live, joined data) for each row of numbers without a gap."""
    run = []
    for number in sorted(kept):
        if run and number != run[-1] + 1:
            yield _join(kept, run)
            run = []
        run.append(number)
    yield _join(kept, run)


def _join(kept, run):
    return run[0], all(kept[n][0] for n in run), b"".join(kept[n][1] for n in run)


def _look_inside(tally, data, label, place):
    """A compressed value in TOAST begins with its raw size word."""
    got = len(data) > 8 and decompress(struct.unpack_from("<I", data)[0], data[4:])
    if got:
        tally.look(got[1], label, place)


def search_relation(tally, toast, contents, place):
    """Compressed values in rows, live or not; chunks are gathered in `toast`."""
    pages = Pages(contents)
    for at, method, data in compressed_values(contents, PAGE):
        structure = f"heap_inline_{method}"
        tally.look(data, structure if pages.row_end(at) else structure + ":hole", place)
    toast.add(contents, pages)


def without_page_headers(segment):
    """The contents of a WAL segment with the header of each page cut out."""
    parts = []
    for at in range(0, len(segment), PAGE):
        page = segment[at:at + PAGE]
        known = len(page) > 40 and page[1] == 0xD1
        header = 40 if known and page[2] & 2 else 24 if known else 0
        parts.append(page[header:])
    return b"".join(parts)


def search_wal(tally, segments):
    """Segments in the order of their addresses, each with the end of the one before it."""
    toast, before = Toast(), b""
    for place, segment in sorted(segments, key=lambda item: item[1][8:16][::-1]):
        joined = without_page_headers(segment).rstrip(b"\0")
        contents = before + joined
        tally.look(contents, "wal_joined", place)
        for _, method, data in compressed_values(contents, 0):
            tally.look(data, f"wal_inline_{method}", place)
        toast.add(contents)
        before = contents[-WAL_OVERLAP:]
    toast.search(tally, "wal_toast", "wal_toast", "pg_wal")


def plain_label(path):
    """The folder at the top, or what kind of file lies there."""
    top, _, rest = path.partition("/")
    if rest:
        return f"plain:{top}"
    return "plain:log" if top == "log" or top.endswith((".log", ".csv", ".json")) else "plain:top"


def walk(folder, tally):
    """Searches every file, then what spans files: TOAST relations and the WAL."""
    tally.expect("heap_inline_pglz", "heap_inline_lz4", "toast", "wal_joined", "wal_inline_pglz", "wal_inline_lz4",
                 "wal_toast")
    segments, relation, toast = [], None, Toast()
    for path, contents in folder.files():
        tally.look(contents, plain_label(path), path)
        match = RELATION.match(path)
        if WAL_SEGMENT.match(path):
            segments.append((path, contents))
        if match:
            name = path[:match.end(1)]
            if name != relation:
                toast.search(tally, "toast", "toast:hole", relation)
                relation, toast = name, Toast()
            search_relation(tally, toast, contents, path)
    toast.search(tally, "toast", "toast:hole", relation)
    search_wal(tally, segments)


if __name__ == "__main__":
    multisearch.run(__doc__, encode, walk)
