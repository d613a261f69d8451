"""Searches SQLite databases for values: as plain bytes, in rows joined from their pages, in holes, free pages and journals, as full-text terms."""

import os
import shutil
import sqlite3
import struct
import sys
import tempfile

sys.dont_write_bytecode = True

import multisearch

MAGIC = b"SQLite format 3\0"
FIRST_HEADER = 100  # bytes before the first page's own header
FREE_LIST = 32  # place of the number of the first trunk page
INNER_INDEX, INNER_TABLE, LEAF_INDEX, LEAF_TABLE = 2, 5, 10, 13
HEADER = {INNER_INDEX: 12, INNER_TABLE: 12, LEAF_INDEX: 8, LEAF_TABLE: 8}
WAL_HEADER, FRAME_HEADER = 32, 24
SECTOR = 512  # where the first page of a rollback journal begins
INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8]  # by serial type


def encode(value, least_digits):
    """The patterns of a value: character sets, integers in the fewest bytes, reals."""
    yield from multisearch.text_encodings(value, ("utf-8", "utf-16-le", "utf-16-be", "gb18030"))
    number = multisearch.whole_number(value, least_digits)
    if number is None:
        return
    length = next((n for n in INTEGER_BYTES[1:] if number < 1 << 8 * n - 1), None)
    if length:
        yield "integer", number.to_bytes(length, "big")
    if number < 1 << 53:
        yield "real", struct.pack(">d", number)


def varint(data, at):
    """(number, place after it) of seven bits a byte, the ninth byte whole."""
    number = 0
    for count in range(9):
        if at >= len(data):
            return number, at
        byte = data[at]
        at += 1
        if count == 8:
            return number << 8 | byte, at
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return number, at


def integers(payload):
    """Yields the integers of a record, whatever number of bytes they take."""
    end, at = varint(payload, 0)
    body = end
    while at < min(end, len(payload)) and body <= len(payload):
        serial, at = varint(payload, at)
        if serial < len(INTEGER_BYTES):
            yield int.from_bytes(payload[body:body + INTEGER_BYTES[serial]], "big", signed=True)
            body += INTEGER_BYTES[serial]
        elif serial == 7:
            body += 8
        elif serial >= 12:
            body += serial - 12 >> 1


class Database:
    """The pages of one database file."""

    def __init__(self, contents):
        self.contents = contents
        size = struct.unpack(">H", contents[16:18])[0]
        self.size = 65536 if size == 1 else size
        self.usable = self.size - contents[20]
        self.newer = {}  # pages of the journal that are looked at, by number

    def page(self, number):
        """A page by its number, which begins at 1."""
        return self.newer.get(number) or bytes(self.contents[(number - 1) * self.size:number * self.size])

    def numbers(self):
        return range(1, len(self.contents) // self.size + 1)

    def free(self):
        """The numbers of trunk and leaf pages of the free list."""
        found, trunk = set(), struct.unpack(">I", self.contents[FREE_LIST:FREE_LIST + 4])[0]
        while trunk and trunk not in found:
            found.add(trunk)
            page = self.page(trunk)
            if len(page) < 8:
                break
            trunk, count = struct.unpack_from(">II", page)
            count = min(count, self.usable // 4 - 2)
            found.update(struct.unpack_from(f">{count}I", page, 8))
        return found

    def local(self, length, kind):
        """Bytes of a payload of that length which lie in the cell itself."""
        least = (self.usable - 12) * 32 // 255 - 23
        most = self.usable - 35 if kind == LEAF_TABLE else (self.usable - 12) * 64 // 255 - 23
        if length <= most:
            return length
        some = least + (length - least) % (self.usable - 4)
        return some if some <= most else least

    def payload(self, page, at, kind):
        """(payload with what overflows, place after the cell)."""
        if kind in (INNER_INDEX, INNER_TABLE):
            at += 4
        length, at = varint(page, at)
        if kind == INNER_TABLE:
            return b"", at
        if kind == LEAF_TABLE:
            _, at = varint(page, at)
        local = self.local(length, kind)
        parts, end = [page[at:at + local]], at + local
        if local < length:
            parts.append(self.chain(page[end:end + 4], length - local))
            end += 4
        return b"".join(parts), end

    def chain(self, start, length):
        """What overflow pages hold, joined."""
        number, parts, seen = int.from_bytes(start, "big"), [], set()
        while number and number not in seen and length > 0:
            seen.add(number)
            page = self.page(number)
            part = page[4:self.usable][:length]
            parts.append(part)
            length -= len(part)
            number = int.from_bytes(page[:4], "big")
        return b"".join(parts)

    def tree_page(self, page, number):
        """(payloads, holes) of a page of a tree; nothing of any other page."""
        head = FIRST_HEADER if number == 1 else 0
        kind = page[head] if len(page) > head else 0
        if kind not in HEADER:
            return [], []
        count = struct.unpack_from(">H", page, head + 3)[0]
        first = head + HEADER[kind]
        taken, payloads = [(0, first + 2 * count)], []
        for at in range(first, min(first + 2 * count, self.size - 1), 2):
            cell = struct.unpack_from(">H", page, at)[0]
            payload, end = self.payload(page, cell, kind)
            payloads.append(payload)
            taken.append((cell, end))
        return payloads, list(_between(taken, page))


def _between(taken, page):
    """What lies in none of the spans."""
    reached = 0
    for start, end in sorted(taken):
        if start > reached:
            yield page[reached:start]
        reached = max(reached, end)
    yield page[reached:]


def readable(payloads):
    """Payloads one after the other, then their integers as digits."""
    digits = "\n".join(str(n) for payload in payloads for n in integers(payload))
    return b"\n".join(payloads) + b"\n" + digits.encode()


def search_pages(tally, database, place):
    """Rows joined from their pages, what lies between them, and pages that nobody uses."""
    free, rows, holes, freed = database.free(), [], [], []
    for number in database.numbers():
        page = database.page(number)
        payloads, between = database.tree_page(page, number)
        if number in free:
            freed += [page, *payloads]
        else:
            rows += payloads
            holes += between
    tally.look(readable(rows), "rows", place)
    tally.look(b"\n".join(holes), "page_holes", place)
    tally.look(readable(freed), "free_pages", place)


def frames(contents, size):
    """Yields (number, page) of each frame of a write-ahead log."""
    for at in range(WAL_HEADER, len(contents) - size - FRAME_HEADER + 1, size + FRAME_HEADER):
        number = struct.unpack(">I", contents[at:at + 4])[0]
        yield number, bytes(contents[at + FRAME_HEADER:at + FRAME_HEADER + size])


def rolled_back(contents, size):
    """Yields (number, page) of each page in a rollback journal."""
    for at in range(SECTOR, len(contents) - size - 7, size + 8):
        yield struct.unpack(">I", contents[at:at + 4])[0], bytes(contents[at + 4:at + 4 + size])


def search_journal(tally, database, pages, place):
    """Each page of a journal, with what overflows into others of it or of the database."""
    payloads, holes = [], []
    for number, page in pages:
        database.newer[number] = page
        own, between = database.tree_page(page, number)
        payloads += own
        holes += between
    tally.look(readable(payloads), "journal_rows", place)
    tally.look(b"\n".join(holes), "journal_holes", place)
    database.newer.clear()


def search_terms(tally, path, place):
    """Terms of the full-text indexes, as the store itself lists them in a copy."""
    with tempfile.TemporaryDirectory() as folder:
        for tail in ("", "-wal"):
            if os.path.exists(path + tail):
                shutil.copyfile(path + tail, os.path.join(folder, "copy" + tail))
        connection = sqlite3.connect(os.path.join(folder, "copy"))
        tables = connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'create virtual table%using fts5%'").fetchall()
        for (name,) in tables:
            connection.execute(f"CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', '{name}', 'row')")
            terms = connection.execute("SELECT term FROM temp.terms").fetchall()
            tally.look("\n".join(term for (term,) in terms).encode(), "fts5_terms", place)
            connection.execute("DROP TABLE temp.terms")
        connection.close()


def walk(folder, tally):
    """Searches every file, and the pages of databases and their journals."""
    tally.expect("rows", "page_holes", "free_pages", "journal_rows", "journal_holes", "fts5_terms")
    for path, contents in folder.files():
        tally.look(contents, "plain", path)
        if contents[:len(MAGIC)] != MAGIC:
            continue
        whole, database = os.path.join(folder.root, path), Database(contents)
        search_pages(tally, database, path)
        search_terms(tally, whole, path)
        for tail, pages in (("-wal", frames), ("-journal", rolled_back)):
            if os.path.exists(whole + tail):
                with open(whole + tail, "rb") as file:
                    search_journal(tally, database, pages(file.read(), database.size), path + tail)


if __name__ == "__main__":
    multisearch.run(__doc__, encode, walk)
