"""Searches large buffers for thousands of values at once and counts distinct values per structure.

Each value has one or more byte patterns (one per encoding). A pattern of L bytes always
covers a whole word of w bytes that starts at a multiple of s, if L >= w + s - 1. So the
buffer is read as words at those places only, each block of words is intersected with the
set of words that patterns hold, and only what is left is looked up as a whole pattern.
"""

import argparse
import json
import mmap
import os
import stat
import time

BLOCK = 1 << 15
# (least pattern length, word width, step between words), longest first
PLANS = [(15, 8, 8), (11, 8, 4), (9, 8, 2), (8, 8, 1), (7, 4, 4), (5, 4, 2), (4, 4, 1)]


def text_encodings(value, names):
    """The value in each named character set that can hold it."""
    for name in names:
        try:
            yield name, value.encode(name)
        except UnicodeEncodeError:
            continue


def whole_number(value, least_digits):
    """The value as an integer, or None if it is not plain digits of enough length."""
    plain = value.isascii() and value.isdigit() and not value.startswith("0")
    return int(value) if plain and len(value) >= least_digits else None


class Patterns:
    """All byte patterns of all values, arranged for one pass over a buffer."""

    def __init__(self, values, encode):
        self.patterns = []  # (bytes, number of the value, name of the encoding)
        self.encodings = {}
        for number, value in enumerate(values):
            self._add(number, encode(value))
        self.longest = max((len(pattern) for pattern, _, _ in self.patterns), default=0)
        self.short = [i for i, entry in enumerate(self.patterns) if len(entry[0]) < 4]
        self.passes = self._passes()

    def _add(self, number, encoded):
        own = {}
        for name, pattern in encoded:
            own.setdefault(pattern, name)
        self.patterns += [(pattern, number, name) for pattern, name in own.items()]
        for name in set(own.values()):
            self.encodings[name] = self.encodings.get(name, 0) + 1

    def _words(self):
        """Maps (width, step) to {word: [indexes of patterns]}."""
        tables = {}
        for index, (pattern, _, _) in enumerate(self.patterns):
            plan = next((p for p in PLANS if len(pattern) >= p[0]), None)
            if plan is None:
                continue
            _, width, step = plan
            table = tables.setdefault((width, step), {})
            for at in range(step):
                word = int.from_bytes(pattern[at:at + width], "little")
                table.setdefault(word, []).append(index)
        return tables

    def _passes(self):
        """The passes over a block: (first offset, width, set of words, table of words)."""
        tables = self._words()
        passes = []
        for width in (8, 4):
            for phase in range(width):
                merged = {}
                for (its_width, step), table in tables.items():
                    if its_width == width and phase % step == 0:
                        for word, indexes in table.items():
                            merged.setdefault(word, []).extend(indexes)
                if merged:
                    passes.append((phase, width, frozenset(merged), merged))
        return passes

    def search(self, buffer, known):
        """Yields (value number, encoding) for each value in the buffer that is not in `known`."""
        for start in range(0, len(buffer), BLOCK):
            low = max(0, start - self.longest)
            part = bytes(buffer[low:start + BLOCK + self.longest])
            if part.rstrip(b"\0"):
                yield from self._search_block(part, start - low, known)

    def _search_block(self, part, first, known):
        candidates = set(self.short)
        view = memoryview(part)
        for phase, width, words, table in self.passes:
            begin = first + phase
            end = min(begin + BLOCK, len(part))
            end -= max(0, end - begin) % width
            if end > begin:
                kind = "Q" if width == 8 else "I"
                for word in words.intersection(view[begin:end].cast(kind)):
                    candidates.update(table[word])
        for index in candidates:
            pattern, number, name = self.patterns[index]
            if number not in known and pattern in part:
                yield number, name


class Tally:
    """The values found per structure, each with its first place; a structure "a:b" counts for "a" too."""

    def __init__(self, patterns):
        self.patterns = patterns
        self.found = {}  # structure -> {value number: (encoding, place)}
        self.untried = 0  # pieces that a program found too many of to decode them all

    def expect(self, *structures):
        """Structures that are named in the answer even if nothing of the kind is met."""
        for structure in structures:
            self.found.setdefault(structure, {})

    def look(self, buffer, structure, place):
        """Searches one buffer on behalf of one structure."""
        parent = structure.split(":")[0]
        self.expect(structure, parent)
        known = self.found[structure]
        for number, encoding in self.patterns.search(buffer, known):
            known[number] = (encoding, place)
            self.found[parent].setdefault(number, (encoding, place))

    def counts(self):
        return {name: len(numbers) for name, numbers in sorted(self.found.items())}

    def places(self):
        return {name: [{"value": number + 1, "encoding": encoding, "place": place}
                       for number, (encoding, place) in sorted(numbers.items())]
                for name, numbers in sorted(self.found.items()) if numbers}


class Folder:
    """The regular files below a folder, counted as they are read."""

    def __init__(self, root):
        self.root = root
        self.bytes = 0
        self.unread = 0

    def files(self):
        """Yields (path below the root with "/", contents) of every file that is not empty."""
        for path in sorted(self._paths()):
            contents = self._map(path)
            if contents:
                self.bytes += len(contents)
                yield os.path.relpath(path, self.root).replace(os.sep, "/"), contents

    def _paths(self):
        visited = set()
        for where, folders, names in os.walk(self.root, onerror=self._missed, followlinks=True):
            real = os.path.realpath(where)
            if real in visited:
                folders.clear()
                continue
            visited.add(real)
            yield from (os.path.join(where, name) for name in names)

    def _missed(self, _error):
        self.unread += 1

    def _map(self, path):
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
                return b""
            with open(path, "rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError:
            self.unread += 1
            return b""


def read_values(path):
    """The distinct lines of a file that are not empty."""
    with open(path, encoding="utf-8-sig", newline="\n") as file:
        lines = (line.rstrip("\r\n") for line in file)
        return list(dict.fromkeys(line for line in lines if line))


def run(purpose, encode, walk):
    """The command line shared by the programs: `encode(value, least digits)`, `walk(folder, tally)`."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("datadir", metavar="DATADIR", help="data directory of a stopped server, or a copy of one")
    parser.add_argument("values", metavar="VALUES_FILE", help="values to search, one a line, UTF-8")
    parser.add_argument("--min-digits", type=int, default=8, metavar="N",
                        help="values of fewer digits are searched as text only, for as packed numbers "
                             "they turn up by chance (default 8)")
    parser.add_argument("--places", action="store_true",
                        help="also list, for each structure, the values found (by number, the first is 1; "
                             "equal lines count once), with encoding and file of the first hit")
    options = parser.parse_args()
    if not os.path.isdir(options.datadir):
        parser.error(f"{options.datadir} is not a folder")
    begun = time.monotonic()
    values = read_values(options.values)
    patterns = Patterns(values, lambda value: encode(value, options.min_digits))
    folder, tally = Folder(options.datadir), Tally(patterns)
    walk(folder, tally)
    answer = {"values": len(values), "found": tally.counts(), "bytes": folder.bytes,
              "unread": folder.unread, "untried": tally.untried, "encodings": patterns.encodings,
              "seconds": round(time.monotonic() - begun, 1)}
    if options.places:
        answer["places"] = tally.places()
    print(json.dumps(answer))
