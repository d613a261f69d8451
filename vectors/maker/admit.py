"""The admit rules of section 4, read from the text alone: which of them does the next line of a chain break?

Every rule looks at the whole history each time and keeps nothing. Only what single-chain ledgers of the entry types
of `SHAPES` need; bodies and documents are never looked at.
"""

import datetime
import functools
import re

from . import canonical, ed25519, merkle
from .chain import CODES, day_of, plus_days
from .people import CASE, ORIGIN
from .primitives import APPROVAL_TYPE, ENTRY_TYPE, RECEIVING_TYPE, key_id, pae, unb64url_strict

# --- F1: shapes


def _matches(pattern):
    wanted = re.compile(pattern)
    return lambda v: isinstance(v, str) and bool(wanted.fullmatch(v))


def _is_day(v):
    try:
        return isinstance(v, str) and datetime.date.fromisoformat(v).isoformat() == v
    except ValueError:
        return False


def _number(v):
    return isinstance(v, int) and not isinstance(v, bool) and v >= 0


def _flag(v):
    return isinstance(v, bool)


def _listed(kind):
    return lambda v: isinstance(v, list) and all(kind(x) for x in v)


def _table(key, kind):
    return lambda v: isinstance(v, dict) and all(key(k) and kind(x) for k, x in v.items())


def _record(members):
    def fits(v):
        if not isinstance(v, dict):
            return False
        names = {name.rstrip("?") for name in members}
        needed = {name for name in members if not name.endswith("?")}
        if not needed <= set(v) <= names:
            return False
        return all(kind(v[name.rstrip("?")]) for name, kind in members.items() if name.rstrip("?") in v)

    return fits


def _word(*words):
    return lambda v: isinstance(v, str) and v in words


TEXT = lambda v: isinstance(v, str)  # noqa: E731
DIGEST, ID = _matches("[0-9a-f]{64}"), _matches("[a-z]{1,4}-[A-Za-z0-9_.]{1,40}")
PLACE, KID = _matches("[a-z][a-z0-9._/]*"), _matches("k-[0-9a-f]{20}")
LEVEL, TRUTH = _word("L0", "L1", "L2", "L3", "L4"), _word("true", "false", "unknown")
KINDS = _word("key", "passkey", "certificate", "paper")
USES = "log operator run server approver countersigner recipient witness auditor counsel keeper".split()
SCENARIOS = (
    "share_transfer asset_transfer merger division dissolution simplified_deregistration forced_deregistration bankruptcy "
    "cease_service dormancy"
).split()
KEY = _record(
    {
        "alg": _word("ed25519"),
        "kid": KID,
        "person": ID,
        "public": TEXT,
        "seen": _word("in_person", "countersigned", "certificate", "none"),
        "use": _word(*USES),
    }
)
BARS = _record({name: TRUTH for name in ("gate", "hold", "request", "retention")})
POLICY = _table(TEXT, _record({"kinds": _listed(KINDS), "need": _number}))
FREE = {
    "approvals": POLICY,
    "law_date": _is_day,
    "policy_doc": DIGEST,
    "safety_days": _number,
    "scenario": _word(*SCENARIOS),
    "sources_live": _listed(PLACE),
    "tolerance_ppm": _number,
    "zone": TEXT,
}
ORDERED = {
    "backup_n?": _number,
    "bars": BARS,
    "copy": TEXT,
    "dataset": PLACE,
    "demand": TRUTH,
    "excluded": _number,
    "groups": _listed(TEXT),
    "head_ns": _listed(_number),
    "item": ID,
    "method": TEXT,
    "not_after?": _is_day,
    "not_before": _is_day,
    "plan_n": _number,
    "rows": _number,
    "run_n": _number,
    "seal_n": _number,
    "waiver_n?": _number,
}
LOOK = _record({"asked": _number, "col": _number, "found": _number, "hits": _number, "level": LEVEL, "live": _number})
OBSERVED = {
    "backup_until?": _is_day,
    "bytes_searched": _number,
    "bytes_unread": _number,
    "columns": _listed(LOOK),
    "level": LEVEL,
    "order_n": _number,
    "out_of_scope": _listed(TEXT),
    "receipt_doc": DIGEST,
    "rows_done": _number,
    "rows_kept": _table(TEXT, _number),
    "scan_n?": _number,
}
SHAPES = {
    "case.opened": FREE | {"keys": _listed(KEY), "origin": TEXT},
    "case.amended": {name + "?": kind for name, kind in FREE.items()} | {"reason": TEXT},
    "case.closed": {
        "archives": _listed(_record({"archive": ID, "end": _word("shredded", "kept"), "until?": _is_day})),
        "open_tasks": _number,
    },
    "key.registered": {"key": KEY},
    "key.rotated": {"new": KEY, "old": KID, "reason": TEXT},
    "key.revoked": {"from_n": _number, "kid": KID, "reason": TEXT},
    "run.opened": {"build_doc": DIGEST, "key": KEY, "plan_n?": _number, "steps": _listed(TEXT), "until": _number},
    "run.closed": {"done": _listed(TEXT), "run_n": _number, "waits": _listed(_record({"item": ID, "until": _is_day}))},
    "source.registered": {
        "cap": LEVEL,
        "reach": _word("direct", "script", "pack", "by_hand"),
        "source": PLACE,
        "store": TEXT,
        "version": TEXT,
    },
    "source.frozen": {"from": _is_day, "source": PLACE},
    "scan.recorded": {"datasets": _number, "inventory_doc": DIGEST, "places": _number, "run_n": _number, "unread": _number},
    "dataset.sealed": {
        "copy": TEXT,
        "dataset": PLACE,
        "groups": _listed(TEXT),
        "kind": _word("full", "delta"),
        "of_n?": _number,
        "root": DIGEST,
        "rows": _number,
        "run_n": _number,
        "schema_doc": DIGEST,
    },
    "subjects.recorded": {
        "merged_from_n?": _number,
        "model_doc": DIGEST,
        "root": DIGEST,
        "run_n": _number,
        "seal_ns": _listed(_number),
        "subjects": _number,
        "unassigned_rows": _number,
    },
    "outcomes.recorded": {
        "copy": TEXT,
        "group": TEXT,
        "root": DIGEST,
        "seal_n": _number,
        "totals": _table(_word(*CODES), _number),
        "uniform?": _number,
        "vector_doc?": DIGEST,
    },
    "answer.given": {
        "answers_doc": DIGEST,
        "question": TEXT,
        "value": lambda v: _flag(v) or _number(v) or TEXT(v) or _listed(TEXT)(v),
    },
    "opinion.filed": {"datasets": _listed(TEXT), "effect": TEXT, "evidence": _listed(TEXT), "rule": TEXT, "until": _is_day},
    "plan.made": {
        "consequence_doc": DIGEST,
        "inventory_n": _number,
        "irreversible": _number,
        "items": _number,
        "law_date": _is_day,
        "pack_docs": _listed(DIGEST),
        "plan_doc": DIGEST,
        "run_n?": _number,
        "schema_docs": _listed(DIGEST),
        "seal_ns": _listed(_number),
        "subjects_n?": _number,
        "undecided": _number,
    },
    "plan.approved": {
        "alg": TEXT,
        "kid?": KID,
        "kind": KINDS,
        "person?": ID,
        "plan_n": _number,
        "sig": TEXT,
        "statement": TEXT,
    },
    "plan.withdrawn": {"plan_n": _number, "reason": TEXT},
    "hold.placed": {"datasets": _listed(TEXT), "hold": ID, "until?": _is_day},
    "hold.lifted": {"evidence": _listed(TEXT), "hold_n": _number},
    "act.recorded": {"about": _listed(TEXT), "by": ID, "day": _is_day, "evidence": _listed(TEXT), "kind": TEXT},
    "agreement.signed": {
        "agreement": ID,
        "evidence": _listed(TEXT),
        "fields_doc": DIGEST,
        "from": _is_day,
        "party": ID,
        "role": _word("recipient", "processor", "keeper"),
        "to": _is_day,
    },
    "backup.observed": {
        "archive": ID,
        "mirrors": _number,
        "restored_root": DIGEST,
        "rows_equal": _number,
        "rows_restored": _number,
        "rows_written": _number,
        "run_n": _number,
        "seal_ns": _listed(_number),
    },
    "destroy.ordered": ORDERED,
    "destroy.observed": OBSERVED,
    "anonymise.ordered": ORDERED,
    "anonymise.observed": OBSERVED,
    "hand_over.ordered": {name: kind for name, kind in ORDERED.items() if name not in ("backup_n?", "not_after?", "waiver_n?")}
    | {"agreement_n": _number, "not_after": _is_day, "package": ID, "recipient": KID},
    "hand_over.observed": OBSERVED,
    "receipt.received": {
        "alg": TEXT,
        "differences": _number,
        "order_n": _number,
        "package": ID,
        "recipient": KID,
        "root": DIGEST,
        "rows": _number,
        "sig": TEXT,
        "statement": TEXT,
    },
    "shred.ordered": {
        "archive": ID,
        "bars": BARS,
        "demand": TRUTH,
        "epoch": _number,
        "excluded": _number,
        "head_ns": _listed(_number),
        "item": ID,
        "method": TEXT,
        "not_after?": _is_day,
        "not_before": _is_day,
        "plan_n": _number,
        "run_n": _number,
        "slots": _number,
    },
    "shred.observed": {
        "epoch": _number,
        "holders": _listed(_record({"gone": _flag, "holder": ID})),
        "level": LEVEL,
        "order_n": _number,
        "out_of_scope": _listed(TEXT),
        "receipt_doc": DIGEST,
        "slots_zero": _number,
    },
    "exception.recorded": {"about_n?": _number, "kind": TEXT, "rows?": _number},
    "entry.corrected": {"entry_n": _number, "why": TEXT},
    "dossier.made": {"audience": TEXT, "bodies": _number, "manifest_doc": DIGEST},
    "ledger.closed": {"size": _number, "successor": TEXT},
}
LINE = {
    "actor": KID,
    "at": _number,
    "bc?": DIGEST,
    "case": ID,
    "facts": lambda v: isinstance(v, dict),
    "n": _number,
    "prev": DIGEST,
    "role": TEXT,
    "rules": lambda v: _listed(TEXT)(v) and v == sorted(set(v)),
    "sigs": _listed(_record({"alg": TEXT, "kid": KID, "sig": TEXT})),
    "type": TEXT,
    "v": lambda v: v == 1,
}
LONGEST = 64 * 1024


def read_line(line):
    """The entry of a line, or None if F1 is broken."""
    try:
        value = canonical.read(line, "line")
    except canonical.Refused:
        return None
    if len(line) > LONGEST or not _record(LINE)(value):
        return None
    kids = [s["kid"] for s in value["sigs"]]
    if not 1 <= len(kids) <= 8 or kids != sorted(set(kids)):
        return None
    if value["type"] not in SHAPES or not _record(SHAPES[value["type"]])(value["facts"]):
        return None
    return value


# --- looking back


RUN_TYPES = {
    "scan.recorded",
    "dataset.sealed",
    "subjects.recorded",
    "outcomes.recorded",
    "backup.observed",
    *(f"{x}.{y}" for x in ("destroy", "anonymise", "hand_over", "shred") for y in ("ordered", "observed")),
}
OPERATOR_TYPES = {
    "case.opened",
    "case.closed",
    "key.revoked",
    "run.opened",
    "source.registered",
    "source.frozen",
    "plan.approved",
    "plan.withdrawn",
    "agreement.signed",
    "receipt.received",
    "dossier.made",
    "ledger.closed",
}
STEP = {
    "scan.recorded": "scan",
    "dataset.sealed": "seal",
    "subjects.recorded": "subjects",
    "outcomes.recorded": "outcomes",
    "plan.made": "plan",
    "backup.observed": "backup",
    "destroy.ordered": "destroy",
    "destroy.observed": "destroy",
    "anonymise.ordered": "anonymise",
    "anonymise.observed": "anonymise",
    "hand_over.ordered": "hand_over",
    "hand_over.observed": "hand_over",
    "shred.ordered": "shred",
    "shred.observed": "shred",
}
REFERS = {
    "agreement_n": ["agreement.signed"],
    "hold_n": ["hold.placed"],
    "inventory_n": ["scan.recorded"],
    "merged_from_n": ["subjects.recorded"],
    "of_n": ["dataset.sealed"],
    "plan_n": ["plan.made"],
    "run_n": ["run.opened"],
    "scan_n": ["scan.recorded"],
    "seal_n": ["dataset.sealed"],
    "seal_ns": ["dataset.sealed"],
    "subjects_n": ["subjects.recorded"],
    "backup_n": ["backup.observed"],
    "waiver_n": ["act.recorded"],
    "head_ns": ["facts.sealed"],
}
NOT_ONLY_VALID = {"entry_n", "about_n", "from_n"}


class History:
    """The entries before the next one, with questions about them."""

    def __init__(self, lines):
        self.lines = lines
        self.entries = [read_line(line) for line in lines]

    def all(self, *kinds):
        return [e for e in self.entries if e["type"] in kinds]

    def get(self, n, kind=None):
        if not _number(n) or n >= len(self.entries):
            return None
        e = self.entries[n]
        return e if kind is None or e["type"] == kind else None

    def corrected(self):
        return {e["facts"]["entry_n"] for e in self.all("entry.corrected")}

    def newest(self, kind):
        found = [e for e in self.all(kind) if e["n"] not in self.corrected()]
        return found[-1] if found else None

    def opened(self):
        return self.entries[0]["facts"] if self.entries else None

    def setting(self, name):
        out = self.opened()[name]
        for e in self.all("case.amended"):
            out = e["facts"].get(name, out)
        return out

    def register(self):
        """kid → (record, in force)"""
        out = {}
        for e in self.entries:
            f = e["facts"]
            if e["type"] == "case.opened":
                out |= {k["kid"]: [k, True] for k in f["keys"]}
            elif e["type"] in ("key.registered", "run.opened"):
                out[f["key"]["kid"]] = [f["key"], True]
            elif e["type"] == "key.rotated":
                out[f["new"]["kid"]] = [f["new"], True]
                out[f["old"]][1] = False
            elif e["type"] == "key.revoked" and f["kid"] in out:
                out[f["kid"]][1] = False
        return out

    def open_run(self):
        ended = {e["facts"]["run_n"] for e in self.all("run.closed")}
        runs = [e for e in self.all("run.opened") if e["n"] not in ended]
        return runs[-1] if runs else None

    def open_orders(self):
        seen = {e["facts"]["order_n"] for e in self.entries if e["type"].endswith(".observed") and "order_n" in e["facts"]}
        return [e for e in self.entries if e["type"].endswith(".ordered") and e["n"] not in seen]

    def look(self, order):
        """What was observed of an order, if anything was."""
        kind = order["type"].replace(".ordered", ".observed")
        return next((e for e in self.all(kind) if e["facts"]["order_n"] == order["n"]), None)

    def open_holds(self):
        lifted = {e["facts"]["hold_n"] for e in self.all("hold.lifted")}
        return [e for e in self.all("hold.placed") if e["n"] not in lifted]

    def withdrawn(self):
        return {e["facts"]["plan_n"] for e in self.all("plan.withdrawn")}

    def closed(self):
        return bool(self.all("case.closed"))

    def shredded(self):
        orders = [self.entries[e["facts"]["order_n"]]["facts"]["archive"] for e in self.all("shred.observed")]
        return set(orders)


# --- the rules


def broken(lines, line):
    """The rules that `line` breaks after `lines`; F1 alone if it cannot be read."""
    return _broken(tuple(lines), line)


@functools.lru_cache(None)
def _broken(lines, line):
    e = read_line(line)
    if e is None:
        return frozenset({"F1"})
    h = History(list(lines))
    return frozenset(name for name, rule in RULES.items() if not rule(h, e, e["facts"]))


def _f2(h, e, f):
    prev = merkle.leaf_hash(h.lines[-1]).hex() if h.lines else "0" * 64
    if e["n"] != len(h.lines) or e["prev"] != prev or (e["type"] == "case.opened") != (e["n"] == 0):
        return False
    if h.entries and e["case"] != h.entries[0]["case"]:
        return False
    clock = e["type"] == "exception.recorded" and f["kind"] == "clock"
    return clock or not h.entries or e["at"] >= h.entries[-1]["at"] - 120_000


def _f3(h, e, f):
    for name, value in f.items():
        if not (name.endswith("_n") or name.endswith("_ns")):
            continue
        kinds = REFERS.get(name)
        if name == "order_n":
            kinds = ["hand_over.ordered" if e["type"] == "receipt.received" else e["type"].replace(".observed", ".ordered")]
        for n in value if isinstance(value, list) else [value]:
            if n >= e["n"] or n >= len(h.entries) or (kinds and h.entries[n]["type"] not in kinds):
                return False
            if name not in NOT_ONLY_VALID and n in h.corrected():
                return False
    return f.get("plan_n") not in h.withdrawn()


def _f4(h, e, f):
    return not h.closed() or e["type"] in ("dossier.made",)


def _signers(h, e):
    """[(record or None, in force, verifies)]"""
    register = h.register()
    if e["type"] == "case.opened":
        register |= {k["kid"]: [k, True] for k in e["facts"]["keys"]}
    if e["type"] == "key.rotated":
        new = e["facts"]["new"]
        register.setdefault(new["kid"], [new, True])
    message = pae(ENTRY_TYPE, canonical.write({k: v for k, v in e.items() if k != "sigs"}))
    out = []
    for s in e["sigs"]:
        record, valid = register.get(s["kid"], (None, False))
        out.append((record, valid, record is not None and s["alg"] == record["alg"] and _verifies(record, message, s["sig"])))
    return out


def _verifies(record, message, sig):
    try:
        data, public = unb64url_strict(sig), unb64url_strict(record["public"])
    except ValueError:
        return False
    good = ed25519.openssl_accepts(public, message, data)
    return good and int.from_bytes(data[32:], "little") < ed25519.L


def _k1(h, e, f):
    signers = _signers(h, e)
    if not all(record and valid and good for record, valid, good in signers):
        return False
    uses = sorted(record["use"] for record, _, _ in signers)
    first = next((s for s in signers if s[0]["kid"] == e["actor"]), None)
    return first is not None and e["role"] == first[0]["use"] and _uses_fit(e, f, uses)


def _uses_fit(e, f, uses):
    kind, role = e["type"], e["role"]
    if kind in OPERATOR_TYPES:
        return uses == ["operator"]
    if kind in RUN_TYPES:
        return uses == ["run"]
    if kind in ("run.closed", "plan.made", "exception.recorded", "entry.corrected"):
        return uses in (["run"], ["operator"])
    if kind == "case.amended":
        return uses == ["approver", "operator"] and role == "operator"
    if kind == "key.registered":
        return uses in (["countersigner", "operator"], ["approver", "operator"]) and role == "operator"
    if kind == "key.rotated":
        return len(uses) <= 2 and role in uses
    if kind in ("hold.placed", "hold.lifted"):
        return uses in (["counsel"], ["operator"])
    if kind == "opinion.filed":
        return uses == ["counsel"]
    if kind == "answer.given":
        return len(uses) == 1 and uses[0] in ("operator", "counsel", "approver")
    if kind == "act.recorded":
        return uses == (["approver", "approver"] if f["kind"] == "backup_waiver" else ["operator"])
    raise AssertionError(kind)


def _k2(h, e, f):
    known = set(h.register())
    new = {"case.opened": f.get("keys", []), "key.rotated": [f.get("new")]}.get(e["type"])
    if e["type"] in ("key.registered", "run.opened"):
        new = [f["key"]]
    if new is None:
        return True
    kids = [k["kid"] for k in new]
    if len(set(kids)) != len(kids) or set(kids) & known:
        return False
    if any(k["kid"] != key_id(k["alg"], unb64url_strict(k["public"])) for k in new):
        return False
    signed = {s["kid"] for s in e["sigs"]}
    if e["type"] == "key.rotated":
        return signed == {f["old"], f["new"]["kid"]} and e["actor"] == f["old"]
    return e["type"] != "key.registered" or f["key"]["kid"] not in signed


def _k3(h, e, f):
    run = h.open_run()
    if e["type"] == "run.opened":
        return run is None and f["key"]["use"] == "run"
    by_run = e["type"] in RUN_TYPES or e["role"] == "run"
    if e["type"] == "run.closed" and not by_run:
        return run is not None and f["run_n"] == run["n"]
    if not by_run:
        return True
    if run is None or f.get("run_n", run["n"]) != run["n"] or e["at"] > run["facts"]["until"]:
        return False
    if [s["kid"] for s in e["sigs"]] != [run["facts"]["key"]["kid"]]:
        return False
    if e["type"] in STEP and STEP[e["type"]] not in run["facts"]["steps"]:
        return False
    return not e["type"].endswith(".ordered") or f["plan_n"] == run["facts"].get("plan_n")


def _s1(h, e, f):
    if e["type"] != "dataset.sealed":
        return True
    scan = h.newest("scan.recorded")
    if scan is None or (f["kind"] == "delta") != ("of_n" in f):
        return False
    if f["kind"] == "delta":
        of = h.get(f["of_n"], "dataset.sealed")
        return of is None or _set_of(of["facts"]) == _set_of(f)
    since = [s["facts"] for s in h.all("dataset.sealed") if s["n"] > scan["n"] and s["facts"]["kind"] == "full"]
    return all(_set_of(s) != _set_of(f) for s in since)


def _set_of(seal):
    return (seal["dataset"], seal["copy"])


def _vectors(h, f):
    of = (f["seal_n"], f["copy"], f["group"])
    return [o for o in h.all("outcomes.recorded") if (o["facts"]["seal_n"], o["facts"]["copy"], o["facts"]["group"]) == of]


FINAL = ("destroy", "return", "transfer", "anonymise", "superseded")


def _s2(h, e, f):
    if e["type"] != "outcomes.recorded":
        return True
    seal = h.get(f["seal_n"], "dataset.sealed")
    if seal is None:
        return True
    s, totals = seal["facts"], f["totals"]
    if sum(totals.values()) != s["rows"] or f["group"] not in s["groups"] or ("uniform" in f) == ("vector_doc" in f):
        return False
    if "uniform" in f:
        code = f["uniform"]
        if code >= len(CODES) or {w: t for w, t in totals.items() if t} != ({CODES[code]: s["rows"]} if s["rows"] else {}):
            return False
        codes = bytes([code]) * s["rows"]
        if f["root"] != merkle.root([codes[i : i + 256] for i in range(0, len(codes), 256)]).hex():
            return False
    before = _vectors(h, f)
    if before and any(totals.get(w, 0) < before[-1]["facts"]["totals"].get(w, 0) for w in FINAL):
        return False
    later = [x["facts"]["rows"] for x in h.all("dataset.sealed") if x["n"] > seal["n"] and _set_of(x["facts"]) == _set_of(s)]
    return totals.get("superseded", 0) <= sum(later)


def _s3(h, e, f):
    if e["type"] != "outcomes.recorded":
        return True
    before = _vectors(h, f)
    since, old = (before[-1]["n"], before[-1]["facts"]["totals"]) if before else (-1, {})
    for word in ("destroy", "anonymise", "return"):
        done = 0
        for o in h.all(word + ".observed"):
            order = h.entries[o["facts"]["order_n"]]["facts"]
            if o["n"] > since and order["seal_n"] == f["seal_n"] and order["copy"] == f["copy"] and f["group"] in order["groups"]:
                done += o["facts"]["rows_done"]
        if max(0, f["totals"].get(word, 0) - old.get(word, 0)) != done:
            return False
    return f["totals"].get("transfer", 0) == 0  # no receipt of these chains comes with a medium


def _p1(h, e, f):
    if e["type"] != "plan.made":
        return True
    scan, subjects = h.newest("scan.recorded"), h.newest("subjects.recorded")
    if scan is None or f["inventory_n"] != scan["n"]:
        return False
    if subjects is None:
        return "subjects_n" not in f
    return f.get("subjects_n") == subjects["n"] and sorted(f["seal_ns"]) == sorted(_newest_seals(h))


def _newest_seals(h):
    out = {}
    for s in h.all("subjects.recorded"):
        for n in s["facts"]["seal_ns"]:
            out[_set_of(h.entries[n]["facts"])] = n
    return out.values()


def _statement(e):
    try:
        s = canonical.read(unb64url_strict(e["facts"]["statement"]), "document")
    except (canonical.Refused, ValueError):
        return None
    members = set("case consequence decision head key nonce not_after origin plan reason role scope type v".split())
    return s if isinstance(s, dict) and set(s) == members else None


def _policy(h):
    return h.setting("approvals").get("irreversible", {"kinds": ["key", "passkey", "certificate"], "need": 2})


def _p2(h, e, f):
    if e["type"] != "plan.approved":
        return True
    plan, s = h.get(f["plan_n"], "plan.made"), _statement(e)
    if plan is None:
        return True
    if s is None or s["type"] != "custody.approval" or s["v"] != 1 or s["role"] != "approver":
        return False
    record, valid = h.register().get(f.get("kid"), (None, False))
    if record is None or not valid or record["use"] != "approver" or f["alg"] != record["alg"]:
        return False
    if not _verifies(record, pae(APPROVAL_TYPE, unb64url_strict(f["statement"])), f["sig"]):
        return False
    size = s["head"]["size"]
    if not plan["n"] < size <= len(h.lines) or s["head"]["root"] != merkle.root(h.lines[:size]).hex():
        return False
    used = [_statement(a)["nonce"] for a in h.all("plan.approved")]
    return (
        s["decision"] == "approve"
        and s["plan"] == plan["facts"]["plan_doc"]
        and s["consequence"] == plan["facts"]["consequence_doc"]
        and s["origin"] == h.opened()["origin"] == ORIGIN
        and s["case"] == CASE
        and s["key"] == f["kid"]
        and s["nonce"] not in used
        and day_of(e["at"]) <= s["not_after"]
        and f["kind"] in _policy(h)["kinds"]
    )


def _sets_of_order(h, f):
    if "dataset" in f:
        return {f["dataset"]}
    backups = [b["facts"] for b in h.all("backup.observed") if b["facts"]["archive"] == f["archive"]]
    return {h.entries[n]["facts"]["dataset"] for b in backups for n in b["seal_ns"]}


def _covers(hold, sets):
    return "*" in hold["facts"]["datasets"] or bool(set(hold["facts"]["datasets"]) & sets)


def _ended(h, approval, f):
    """Whether P4 has ended an approval of the order's item."""
    kid, n = approval["facts"]["kid"], approval["n"]
    if not h.register()[kid][1]:
        return True
    later = [e for e in h.entries if e["n"] > n]
    if any(e["type"] in ("plan.made", "case.amended") for e in later):
        return True
    return any(e["type"] == "hold.placed" and _covers(e, _sets_of_order(h, f)) for e in later)


def _enough(h, approvals):
    policy, register = _policy(h), h.register()
    persons = {register[a["facts"]["kid"]][0]["person"] for a in approvals}
    operators = {r["person"] for r, _ in register.values() if r["use"] == "operator"}
    count = len(persons - operators) + min(1, len(persons & operators))
    return count >= policy["need"] and any(a["facts"]["kind"] != "paper" for a in approvals)


def _approvals(h, f):
    given = [a for a in h.all("plan.approved") if a["facts"]["plan_n"] == f["plan_n"]]
    return [a for a in given if {"*", f["item"]} & set(_statement(a)["scope"])]


def _is_order(e):
    return e["type"].endswith(".ordered")


def _p3(h, e, f):
    return not _is_order(e) or _enough(h, _approvals(h, f))


def _p4(h, e, f):
    if not _is_order(e) or not _p3(h, e, f):
        return True
    return _enough(h, [a for a in _approvals(h, f) if not _ended(h, a, f)])


def _p5(h, e, f):
    today = day_of(e["at"])
    return not _is_order(e) or f["not_before"] <= today <= f.get("not_after", today)


def _p6(h, e, f):
    return not _is_order(e) or (f["demand"] == "true" and all(v == "false" for v in f["bars"].values()))


def _p7(h, e, f):
    return not _is_order(e) or not any(_covers(hold, _sets_of_order(h, f)) for hold in h.open_holds())


def _b1(h, e, f):
    if e["type"] != "backup.observed":
        return True
    seals = [h.get(n, "dataset.sealed") for n in f["seal_ns"]]
    if None in seals:
        return True
    rows = sum(s["facts"]["rows"] for s in seals)
    root = merkle.root([bytes.fromhex(s["facts"]["root"]) for s in seals]).hex()
    return f["rows_written"] == f["rows_restored"] == f["rows_equal"] == rows and f["restored_root"] == root


def _b2(h, e, f):
    if e["type"] != "destroy.ordered" or f["copy"] != "live":
        return True
    backup, waiver = h.get(f.get("backup_n"), "backup.observed"), h.get(f.get("waiver_n"), "act.recorded")
    if backup and f["seal_n"] in backup["facts"]["seal_ns"]:
        return True
    return bool(waiver) and waiver["facts"]["kind"] == "backup_waiver"


def _b3(h, e, f):
    if e["type"] != "shred.ordered":
        return True
    days = [day_of(o["at"]) for o in h.all("destroy.observed")]
    return bool(days) and day_of(e["at"]) >= plus_days(max(days), h.setting("safety_days"))


def _e1(h, e, f):
    if _is_order(e):
        return all((o["facts"]["item"], o["facts"].get("copy")) != (f["item"], f.get("copy")) for o in h.open_orders())
    if not (e["type"].endswith(".observed") and "order_n" in f):
        return True
    order = h.get(f["order_n"], e["type"].replace(".observed", ".ordered"))
    if order is None:
        return True
    if order["n"] not in {o["n"] for o in h.open_orders()}:
        return False
    return "rows" not in order["facts"] or f["rows_done"] + sum(f["rows_kept"].values()) + order["facts"]["excluded"] == order["facts"]["rows"]


def _e2(h, e, f):
    if e["type"] == "hand_over.observed":
        return f["level"] == "L0" and not f["columns"] and bool(f["out_of_scope"])
    if e["type"] not in ("destroy.observed", "anonymise.observed"):
        return True
    order = h.get(f["order_n"])
    if order is None or not _is_order(order):
        return True
    source = order["facts"]["dataset"].split("/")[0]
    cap = [s["facts"]["cap"] for s in h.all("source.registered") if s["facts"]["source"] == source][-1]
    if f["level"] > min([cap] + [c["level"] for c in f["columns"]]) or not f["out_of_scope"]:
        return False
    if f["level"] >= "L2" and not f.get("scan_n", -1) > order["n"]:
        return False
    if f["level"] >= "L3":
        seen = all(c["asked"] == min(1000, c["live"]) and c["found"] * 1000 >= c["asked"] * 999 and not c["hits"] for c in f["columns"])
        return seen and not f["bytes_unread"]
    return True


def _in_package(h, name):
    return [o for o in h.all("hand_over.ordered") if o["facts"]["package"] == name]


def _receipts(h, name):
    return [r for r in h.all("receipt.received") if r["facts"]["package"] == name]


def _settled(h, name):
    """All of it was looked at, and then nothing had left, or it was received as it was, or both sides settled what was not."""
    looks = [h.look(o) for o in _in_package(h, name)]
    if None in looks:
        return False
    ends = [r for r in _receipts(h, name) if not r["facts"]["differences"]]
    ends += [a for a in h.all("act.recorded") if a["facts"]["kind"] == "dispute_settled" and name in a["facts"]["about"]]
    return not any(x["facts"]["rows_done"] for x in looks) or any(x["n"] > max(look["n"] for look in looks) for x in ends)


def _unsettled(h):
    return {name for name in (o["facts"]["package"] for o in h.all("hand_over.ordered")) if not _settled(h, name)}


def _agreeing(h, e, f):
    known = {r["person"] for r, valid in h.register().values() if valid}
    return bool(f["evidence"]) and f["from"] <= f["to"] and f["party"] in known


def _handing(h, e, f):
    a = h.get(f["agreement_n"], "agreement.signed")
    if a is None:
        return True
    terms, today = a["facts"], day_of(e["at"])
    if [x for x in h.all("agreement.signed") if x["facts"]["agreement"] == terms["agreement"]][-1] != a:
        return False
    record, valid = h.register().get(f["recipient"], (None, False))
    if not valid or record["use"] != "recipient" or record["person"] != terms["party"]:
        return False
    same = all(o["facts"]["recipient"] == f["recipient"] for o in _in_package(h, f["package"])) and not _receipts(h, f["package"])
    same = same and not (_in_package(h, f["package"]) and _settled(h, f["package"]))
    return same and terms["role"] == "recipient" and terms["from"] <= today <= terms["to"]


DIFFERENCES = "missing extra changed duplicated truncated encoding other".split()
RECEIVING = _record(
    {
        "case": TEXT,
        "differences": _listed(_record({"dataset": TEXT, "kind": _word(*DIFFERENCES), "rows": _number})),
        "key": KID,
        "looked": _flag,
        "nonce": TEXT,
        "origin": TEXT,
        "package": ID,
        "root": DIGEST,
        "rows": _number,
        "type": _word("custody.receiving"),
        "v": lambda v: v == 1,
    }
)


def _received(e):
    try:
        s = canonical.read(unb64url_strict(e["facts"]["statement"]), "document")
        return s if RECEIVING(s) and len(unb64url_strict(s["nonce"])) == 32 else None
    except (canonical.Refused, ValueError):
        return None


def _receiving(h, e, f):
    orders, s = _in_package(h, f["package"]), _received(e)
    looks = [h.look(o) for o in orders]
    if not orders or None in looks or _receipts(h, f["package"]) or s is None:
        return False
    if f["order_n"] != orders[0]["n"] and h.get(f["order_n"], "hand_over.ordered"):
        return False
    record, valid = h.register().get(f["recipient"], (None, False))
    if not valid or f["recipient"] != orders[0]["facts"]["recipient"] or f["alg"] != record["alg"]:
        return False
    if not _verifies(record, pae(RECEIVING_TYPE, unb64url_strict(f["statement"])), f["sig"]):
        return False
    if (s["origin"], s["case"], s["key"], s["package"]) != (ORIGIN, CASE, f["recipient"], f["package"]):
        return False
    if (s["rows"], s["root"], len(s["differences"])) != (f["rows"], f["root"], f["differences"]):
        return False
    used = {_received(r)["nonce"] for r in h.all("receipt.received")} | {_statement(a)["nonce"] for a in h.all("plan.approved")}
    return s["nonce"] not in used and (f["differences"] > 0 or f["rows"] == sum(x["facts"]["rows_done"] for x in looks))


def _disputing(h, e, f):
    if f["kind"] != "dispute_settled":
        return True
    open_ones = {name for name in _unsettled(h) if all(h.look(o) for o in _in_package(h, name))}
    return bool(open_ones & set(f["about"])) and bool(f["evidence"])


def _destroying(h, e, f):
    return not any(o["facts"]["dataset"] == f["dataset"] for name in _unsettled(h) for o in _in_package(h, name))


E3 = {
    "act.recorded": _disputing,
    "agreement.signed": _agreeing,
    "anonymise.ordered": _destroying,
    "destroy.ordered": _destroying,
    "hand_over.ordered": _handing,
    "receipt.received": _receiving,
}


def _e3(h, e, f):
    return e["type"] not in E3 or E3[e["type"]](h, e, f)


def _refused(h):
    """Sources whose last pack was refused."""
    out = set()
    for a in h.all("act.recorded"):
        about = set(a["facts"]["about"])
        out = out | about if a["facts"]["kind"] == "pack_refused" else out - about if a["facts"]["kind"] == "pack_imported" else out
    return out


def _c1(h, e, f):
    if e["type"] != "case.closed":
        return True
    plan, scan = h.newest("plan.made"), h.newest("scan.recorded")
    if h.open_orders() or h.open_run() or h.open_holds() or (plan and plan["facts"]["undecided"]) or (scan and scan["facts"]["unread"]):
        return False
    if f["open_tasks"] or _unsettled(h) or _refused(h):
        return False
    archives = {b["facts"]["archive"] for b in h.all("backup.observed")}
    ends = {a["archive"]: a["end"] for a in f["archives"]}
    # `kept` needs a keeper's agreement that names the archive, and no agreement of these chains can.
    return set(ends) == archives and all(end == "shredded" and a in h.shredded() for a, end in ends.items())


def _c3(h, e, f):
    return not h.entries or h.entries[-1]["type"] not in ("dossier.made", "ledger.closed")


RULES = {
    "F2": _f2, "F3": _f3, "F4": _f4, "K1": _k1, "K2": _k2, "K3": _k3, "S1": _s1, "S2": _s2, "S3": _s3, "P1": _p1, "P2": _p2, "P3": _p3,
    "P4": _p4, "P5": _p5, "P6": _p6, "P7": _p7, "B1": _b1, "B2": _b2, "B3": _b3, "E1": _e1, "E2": _e2, "E3": _e3, "C1": _c1, "C3": _c3,
}  # fmt: skip


def check(lines):
    """Asserts that every line of a chain is admitted."""
    for n, line in enumerate(lines):
        found = broken(lines[:n], line)
        assert not found, (n, sorted(found), line[:300])
