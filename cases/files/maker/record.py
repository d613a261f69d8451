"""What is expected of a file: nodes, planted values, and the check that none was forgotten."""

import hashlib
import json

from .people import PEOPLE

VALUES = [(what, value, p.key) for p in PEOPLE for what, value in p.values()]


def plants_over_runs(runs, at, **more):
    """The values in a text that is stored as several runs; a value over a run's border has `pieces`."""
    text, borders, pos = "".join(runs), [], 0
    for run in runs:
        borders.append((pos, pos + len(run)))
        pos += len(run)
    found = []
    for what, value, person in VALUES:
        start = text.find(value)
        while start >= 0:
            end = start + len(value)
            pieces = [text[max(a, start):min(b, end)] for a, b in borders if a < end and b > start]
            plant = {"what": what, "value": value, "person": person, "at": dict(at), **more}
            if len(pieces) > 1:
                plant["pieces"] = pieces
            found.append((start, plant))
            start = text.find(value, end)
    return [plant for _, plant in sorted(found, key=lambda f: f[0])]


def plants_in(text, at, **more):
    """The values in a text that is stored in one piece."""
    return plants_over_runs([text], at, **more)


def plants_raw(value, raw, at, **more):
    """The values in a text that is stored as something else: `raw`."""
    out = plants_in(value, at, **more)
    for plant in out:
        plant["raw"] = raw
    return out


def node(kind, data, *, read="all", reason=None, edit="whole", edit_reason=None, encoding=None, codec=None,
         planted=(), parts=None, members=None, **more):
    """What is expected of one file or member. Names that begin with `_` are for the check only."""
    out = {"kind": kind, "read": read, "reason": reason, "edit": edit, "edit_reason": edit_reason}
    if encoding:
        out["encoding"] = encoding
    out.update(more)
    out["size"] = len(data)
    out["sha256"] = hashlib.sha256(data).hexdigest()
    out["planted"] = list(planted)
    if members is not None:
        out["members"] = members
    out["_data"] = data
    out["_codec"] = codec or (encoding if encoding else "utf-8")
    out["_parts"] = {"": data} if parts is None else parts
    return out


def unread(kind, data, reason, *, reason_or=(), planted=(), parts=None, **more):
    """A file that cannot be read as a whole. What lies in it may be planted all the same."""
    if reason_or:
        more["reason_or"] = list(reason_or)
    return node(kind, data, read="none", reason=reason, edit="whole", edit_reason=reason, planted=planted,
                parts={} if parts is None else parts, **more)


def member(name, inner, raw_name=None, **more):
    """A node as a member of a container; its name is looked through too."""
    inner = dict(inner)
    inner["planted"] = list(inner["planted"]) + plants_in(name, {"place": "member_name"})
    out = {"name": name}
    if raw_name is not None and raw_name != name.encode("utf-8"):
        out["name_bytes"] = raw_name.hex()
    out.update(more)
    out.update(inner)
    return out


def check(path, n):
    """Every value lies where it was said, and nowhere else; puts `offset` (within the part) beside each."""
    for part, data in n["_parts"].items():
        _check_part(f"{path} {part}", n, part, data)
    for m in n.get("members", []):
        check(f"{path}/{m['name']}", m)
    for key in [k for k in n if k.startswith("_")]:
        del n[key]


def _check_part(where, n, part, data):
    codec, told = n["_codec"], {}
    for plant in n["planted"]:
        if plant["at"].get("part", "") != part or plant["at"].get("place") == "member_name":
            continue
        if "raw_hex" in plant:
            plant["offset"] = data.index(bytes.fromhex(plant["raw_hex"]))
            continue
        needle = plant["raw"] if "raw" in plant else plant["pieces"][0] if "pieces" in plant else plant["value"]
        told.setdefault((needle, "pieces" in plant), []).append(plant)
    for _, value, _ in VALUES:
        try:
            count = data.count(value.encode(codec))
        except UnicodeEncodeError:
            continue
        expected = len(told.get((value, False), []))
        assert count == expected, f"{where}: {value} lies there {count} times, {expected} told"
    for (needle, split), plants in told.items():
        pos = 0
        for i, plant in enumerate(plants):
            same = i > 0 and "raw" in plant and plants[i - 1].get("raw") == needle and plant["value"] != plants[i - 1]["value"]
            at = plants[i - 1]["offset"] if same else data.find(needle.encode(codec), pos)
            assert at >= 0, f"{where}: {needle} not found"
            plant["offset"], pos = at, at + len(needle.encode(codec))
            for piece in plant.get("pieces", [])[1:] if split else []:
                pos = data.find(piece.encode(codec), pos)
                assert pos >= 0, f"{where}: piece {piece} not found"
                pos += len(piece.encode(codec))


def dump(value, depth=0, width=200):
    """JSON with short things on one line, so that a change can be read."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + depth <= width or not isinstance(value, (dict, list)) or not value:
        return flat
    pad = " " * (depth + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(k, ensure_ascii=False)}: {dump(v, depth + 1, width)}" for k, v in value.items()]
        return "{\n" + ",\n".join(pad + i for i in items) + "\n" + " " * depth + "}"
    return "[\n" + ",\n".join(pad + dump(v, depth + 1, width) for v in value) + "\n" + " " * depth + "]"
