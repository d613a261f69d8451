#!/usr/bin/env python3
"""Makes the files of this folder and expected.json, the same bytes every time.

    python3 make_files.py                  writes good/, bad/, hollow/ and expected.json
    python3 make_files.py --check          writes nothing; says what differs from the folder
    python3 make_files.py --hostile DIR    writes the big and odd ones (about 75 MB) into DIR

Python 3.9 or later, standard library only.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
from maker import broken, compound, containers, hostile, letters, mails, pdfs, sheets, tables  # noqa: E402
from maker.people import PEOPLE  # noqa: E402
from maker.record import check, dump  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PLACES = ("good", "bad", "hollow")


def committed():
    """Path to (bytes, node) of the files that lie in the repository."""
    good = {**tables.good(), **sheets.good(), "old.xls": compound.old_xls(), **letters.good(), **mails.good(), **pdfs.good(), **containers.good()}
    bad = {**tables.bad(), **broken.bad(), **pdfs.bad()}
    out = {}
    for place, files in zip(PLACES, (good, bad, broken.hollow())):
        for name, made in sorted(files.items()):
            out[f"{place}/{name}"] = made
    return out


def expected(files, on_demand):
    """What expected.json says, every place checked."""
    people = [{"person": p.key, "birth": p.birth, **dict(p.values())} for p in PEOPLE]
    nodes = []
    for path, (_, n) in files.items():
        check(path, n)
        nodes.append({"path": path, **n})
    for path, (_, n) in on_demand.items():
        check(path, n)
        nodes.append({"path": f"hostile/{path}", "made": "on_demand", **n})
    for path, n in hostile.link_nodes().items():
        nodes.append({"path": f"hostile/{path}", "made": "on_demand", **n})
    return {"version": 1, "people": people, "files": nodes}


def main():
    """The door."""
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--check", action="store_true", help="write nothing, compare")
    args.add_argument("--hostile", metavar="DIR", help="write the big and odd files there, nothing else")
    options = args.parse_args()
    if options.hostile:
        hostile.write(options.hostile)
        return 0
    files = committed()
    made = {path: data for path, (data, _) in files.items()}
    made["expected.json"] = (dump(expected(files, hostile.files())) + "\n").encode()
    return compare(made) if options.check else write(made)


def write(made):
    """Writes what was made and removes what no longer is."""
    for path, data in made.items():
        full = os.path.join(HERE, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
    for path in strangers(made):
        os.remove(os.path.join(HERE, path))
    small = sum(len(d) for p, d in made.items() if p != "expected.json")
    print(f"{len(made) - 1} files, {small} bytes; expected.json {len(made['expected.json'])} bytes")
    return 0


def strangers(made):
    """Files in our folders that the script does not make."""
    found = []
    for place in PLACES:
        for folder, _, names in os.walk(os.path.join(HERE, place)):
            found += [os.path.relpath(os.path.join(folder, n), HERE).replace(os.sep, "/") for n in names]
    return [p for p in found if p not in made]


def compare(made):
    """Names every file that differs."""
    wrong = [f"not made by the script: {p}" for p in strangers(made)]
    for path, data in made.items():
        full = os.path.join(HERE, path)
        if not os.path.exists(full):
            wrong.append(f"missing: {path}")
        elif open(full, "rb").read() != data:
            wrong.append(f"differs: {path}")
    print("\n".join(wrong) if wrong else f"{len(made)} files are as the script makes them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
