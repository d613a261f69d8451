"""Searches a MariaDB data directory for values: as plain bytes, in compressed pages and columns, in joined BLOBs."""

import os
import re
import struct
import sys
import zlib

sys.dont_write_bytecode = True

import inflate
import multisearch

PAGE = 16384
NEXT, TYPE, SPACE, DATA = 12, 24, 34, 38  # places in the header of a page
FLAGS = 54  # place of the tablespace flags in page 0
RECORDS = 94  # where the compressed part of a ROW_FORMAT=COMPRESSED index page begins
NONE = 0xFFFFFFFF
BLOB, ZBLOB, ZBLOB2 = 10, 11, 12
PAGE_COMPRESSED, PAGE_COMPRESSED_ENCRYPTED = 34354, 37401

PAGED = re.compile(r"(?:.*\.ibd|(?:.*/)?(?:ibdata\d*|undo\d+|ibtmp\d*))$")
NAMES = [("ibdata", "ibdata"), ("ib_logfile", "redo"), ("undo", "undo"), ("ibtmp", "ibtmp"),
         ("aria_log", "aria_log")]
EXTENSIONS = {"ibd", "MAD", "MAI", "MYD", "MYI", "CSV", "frm", "log", "err", "isl", "TRN"}
# A compressed column: method and number of length bytes, length, then deflate data (mark 8: without
# zlib header) whose first block is the last one.
COLUMN = re.compile(
    b"(?s)[\x81-\x84\x89-\x8c](?=[^\0](?:(?<=[\x81\x89].)|(?<=[\x82\x8a].).|(?<=[\x83\x8b].)..|(?<=[\x84\x8c].)...)"
    b"[\x78" + re.escape(bytes(b for b in range(256) if b & 7 in (3, 5))) + b"])")
COLUMN_STEP = 1 << 10
COLUMN_LIMIT = 1 << 26

# Bytes that hold 0 to 9 digits of a DECIMAL.
DIGIT_BYTES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4]


def encode(value, least_digits):
    """The patterns of a value: character sets, integers of 4 and 8 bytes, DECIMAL."""
    yield from multisearch.text_encodings(value, ("utf-8", "utf-16-le", "utf-16-be", "gb18030"))
    number = multisearch.whole_number(value, least_digits)
    if number is None:
        return
    if number < 1 << 63:
        yield "bigint", struct.pack(">Q", number ^ 1 << 63)
        yield "little-endian", struct.pack("<Q", number)
    if number < 1 << 64:
        yield "bigint unsigned", struct.pack(">Q", number)
    if number < 1 << 31:
        yield "int", struct.pack(">I", number ^ 1 << 31)
    if number < 1 << 32:
        yield "int unsigned", struct.pack(">I", number)
    for packed in decimal(value):
        if len(packed) >= 4:
            yield "decimal", packed


def decimal(digits):
    """DECIMAL without sign: as the whole field (top bit flipped), and as the end of a wider one."""
    lead = len(digits) % 9
    packed = int(digits[:lead] or "0").to_bytes(DIGIT_BYTES[lead], "big")
    for at in range(lead, len(digits), 9):
        packed += int(digits[at:at + 9]).to_bytes(4, "big")
    return bytes([packed[0] ^ 0x80]) + packed[1:], packed


def kind(path, contents):
    """What kind of file this is, for the label of its plain search."""
    name = os.path.basename(path)
    if contents[:4] == b"\xfebin":
        return "binlog"
    for beginning, label in NAMES:
        if name.startswith(beginning):
            return label
    extension = name.rpartition(".")[2]
    label = extension if extension in EXTENSIONS else "other"
    if name.startswith("FTS_"):
        return f"fts_{label}"
    return f"mysql_{label}" if path.startswith("mysql/") else label


def page_size(contents):
    """The size of the pages in the file, from the flags in its first page."""
    flags = struct.unpack(">I", contents[FLAGS:FLAGS + 4])[0] if len(contents) >= PAGE // 16 else 0
    shift = 0 if flags & 16 else flags >> 1 & 15  # 16 marks the format that has no such pages
    return 512 << shift if 1 <= shift <= 5 else PAGE


def inflated(page, kind_of_page):
    """(inflated bytes, bytes after them) of a compressed page; two times b"" for any other."""
    if kind_of_page == PAGE_COMPRESSED:
        starts = [DATA + 2]
    elif kind_of_page == PAGE_COMPRESSED_ENCRYPTED:
        starts = [DATA + 4]
    elif 0x8000 < kind_of_page <= 0x8000 + PAGE // 256:
        starts = [TYPE + 2, DATA]
    else:
        starts = [RECORDS]
    for start in starts:
        data, rest = inflate.zlib_stream(page[start:])
        if data:
            return data, rest
    return b"", b""


def compressed_columns(contents):
    """Yields the inflated value of each compressed column whose length is as announced."""
    for match in COLUMN.finditer(contents):
        mark = contents[match.start()]
        start = match.end() + (mark & 7)
        length = int.from_bytes(contents[match.end():start], "big")
        if length <= COLUMN_LIMIT:
            value = column(contents, start, length, -zlib.MAX_WBITS if mark & 8 else zlib.MAX_WBITS)
            if value:
                yield value


def column(contents, start, length, window):
    """The stream at `start` if it ends after just `length` bytes of output, else b""."""
    stream, value = zlib.decompressobj(window), bytearray()
    try:
        while not stream.eof and len(value) <= length and start < len(contents):
            value += stream.decompress(contents[start:start + COLUMN_STEP])
            start += COLUMN_STEP
    except zlib.error:
        return b""
    return bytes(value) if stream.eof and len(value) == length else b""


class Blobs:
    """The BLOB pages of one file, joined along their next-page pointers."""

    def __init__(self):
        self.plain = {}  # (space, page) -> (next page, data)
        self.zipped = {}
        self.zipped_starts = []

    def add(self, page, kind_of_page, in_place):
        """Keeps a BLOB page; a page where its number says wins over a copy elsewhere."""
        number, space = struct.unpack_from(">I", page, 4)[0], struct.unpack_from(">I", page, SPACE)[0]
        if kind_of_page == BLOB:
            length, following = struct.unpack_from(">II", page, DATA)
            kept, item = self.plain, (following, page[DATA + 8:DATA + 8 + length])
        elif kind_of_page in (ZBLOB, ZBLOB2):
            following = struct.unpack_from(">I", page, NEXT)[0]
            kept, item = self.zipped, (following, page[DATA:])
            if kind_of_page == ZBLOB:
                self.zipped_starts.append((space, number))
        else:
            return
        if in_place(number) or (space, number) not in kept:
            kept[space, number] = item

    def joined(self):
        """Yields the data of each chain of plain BLOB pages."""
        followers = {(space, following) for (space, _), (following, _) in self.plain.items()}
        for start in self.plain:
            if start not in followers:
                yield _chain(self.plain, start)

    def inflated(self):
        """Yields the data of each chain of compressed BLOB pages."""
        for start in dict.fromkeys(self.zipped_starts):
            yield inflate.zlib_stream(_chain(self.zipped, start))[0]


def _chain(pages, start):
    space, number = start
    seen, parts = set(), []
    while number != NONE and (space, number) in pages and number not in seen:
        seen.add(number)
        following, data = pages[space, number]
        parts.append(data)
        number = following
    return b"".join(parts)


def search_pages(tally, contents, place):
    """Compressed pages, and BLOBs across pages, of one tablespace file."""
    size, blobs = page_size(contents), Blobs()
    for at in range(0, len(contents), size):
        page = contents[at:at + size]
        if len(page) < DATA + 16 or not page.rstrip(b"\0"):
            continue
        kind_of_page = struct.unpack_from(">H", page, TYPE)[0]
        data, rest = inflated(page, kind_of_page)
        if data:
            search_data(tally, data, "inflated", place)
            tally.look(rest, "inflated:log", place)
            if len(data) == PAGE and kind_of_page & 0x8000:
                page, kind_of_page = data, struct.unpack_from(">H", data, TYPE)[0]
        blobs.add(page, kind_of_page, lambda number, at=at: number * size == at)
    for data in blobs.joined():
        search_data(tally, data, "blob_joined", place)
    for data in blobs.inflated():
        search_data(tally, data, "inflated:blob", place)


def search_data(tally, data, structure, place):
    """Bytes that were made from pages, and the compressed columns in them."""
    tally.look(data, structure, place)
    search_columns(tally, data, place)


def search_columns(tally, contents, place):
    for value in compressed_columns(contents):
        tally.look(value, "column_inflated", place)


def walk(folder, tally):
    """Searches every file, and the pages of tablespace files."""
    tally.expect("inflated", "blob_joined", "column_inflated")
    for path, contents in folder.files():
        tally.look(contents, f"plain:{kind(path, contents)}", path)
        search_columns(tally, contents, path)
        if PAGED.match(path):
            search_pages(tally, contents, path)


if __name__ == "__main__":
    multisearch.run(__doc__, encode, walk)
