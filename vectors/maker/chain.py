"""Builds whole chains of signed entries: each helper writes one entry (or a short usual stretch) and gives its number."""

import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import canonical, merkle
from .people import CASE, ORIGIN, Key
from .primitives import APPROVAL_TYPE, ENTRY_TYPE, RECEIVING_TYPE, b64url, filler, keyed, pae, sha256

T0 = 1795477890123  # 2026-11-24 in Asia/Shanghai
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STEPS = ["anonymise", "backup", "destroy", "outcomes", "plan", "scan", "seal", "shred", "subjects"]
HANDING = sorted([*STEPS, "hand_over"])
CODES = ["undecided", "continue", "retain", "transfer", "return", "anonymise", "destroy", "superseded", "gone"]

OPERATOR = Key("operator")
FIRST, SECOND, THIRD = Key("approver"), Key("approver", "approver 2"), Key("approver", "approver 3")
COUNSEL, COUNTER, LOG = Key("counsel"), Key("countersigner"), Key("log")
RECIPIENT, RIVAL = Key("recipient"), Key("recipient", "recipient 2")
USUAL = [OPERATOR, FIRST, SECOND, COUNTER, COUNSEL, LOG]


def same_person(key, other):
    key.person = other.person
    return key


def doc(name):
    return sha256(b"document: " + name.encode("ascii")).hex()


def day_of(at):
    """The day in Asia/Shanghai (UTC+8, no summer time in these years)."""
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=at + 8 * HOUR)).date().isoformat()


def plus_days(day, days):
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


def sign(key, message):
    """As `Key.sign` (Ed25519 is deterministic), but quick."""
    return Ed25519PrivateKey.from_private_bytes(key.seed).sign(message)


def sealed_line(unsigned, signers):
    message = pae(ENTRY_TYPE, canonical.write(unsigned))
    sigs = [{"alg": "ed25519", "kid": s.kid, "sig": b64url(sign(s, message))} for s in signers]
    return canonical.write(unsigned | {"sigs": sorted(sigs, key=lambda s: s["kid"])})


def opened_facts(keys, **changes):
    return {
        "approvals": {"irreversible": {"kinds": ["key"], "need": 2}},
        "keys": [k.record() for k in keys],
        "law_date": "2026-11-24",
        "origin": ORIGIN,
        "policy_doc": doc("policy"),
        "safety_days": 30,
        "scenario": "dissolution",
        "sources_live": ["src1"],
        "tolerance_ppm": 1000,
        "zone": "Asia/Shanghai",
    } | changes


class Chain:
    """One chain that is its whole ledger: tree index = n."""

    def __init__(self, keys=USUAL, open_case=True, **changes):
        self.lines, self.bodies, self.at = [], [], T0
        self.run, self.runs, self.nonces = None, 0, 0
        if open_case:
            self.add("case.opened", opened_facts(keys, **changes), [OPERATOR])

    def copy(self):
        out = Chain(open_case=False)
        out.__dict__.update(self.__dict__)
        out.lines, out.bodies = list(self.lines), list(self.bodies)
        return out

    @property
    def next(self):
        return len(self.lines)

    @property
    def today(self):
        return day_of(self.at)

    def wait(self, ms):
        self.at += ms
        return self

    def prev(self):
        return merkle.leaf_hash(self.lines[-1]).hex() if self.lines else "0" * 64

    def unsigned(self, kind, facts, signers, **members):
        out = {
            "actor": signers[0].kid,
            "at": self.at,
            "case": CASE,
            "facts": facts,
            "n": self.next,
            "prev": self.prev(),
            "role": signers[0].use,
            "rules": [],
            "type": kind,
            "v": 1,
        }
        return out | members

    def add(self, kind, facts, signers, body=None, **members):
        """Writes an entry one minute later; `members` replace members of the line. Gives n."""
        if body is not None:
            data, salt = canonical.write(body), filler(f"salt of body {kind} {self.next}")
            members["bc"] = keyed(salt, "body", data).hex()
            self.bodies.append({"body": data.decode("utf-8"), "n": self.next, "salt": b64url(salt)})
        return self.raw(sealed_line(self.unsigned(kind, facts, signers, **members), signers))

    def raw(self, line):
        self.lines.append(line)
        self.at += MINUTE
        return self.next - 1

    def text(self):
        return [line.decode("ascii") for line in self.lines]

    # --- runs and what they look at

    def open_run(self, plan_n=None, steps=STEPS, until=None, signers=None, **more):
        key = Key("run", f"run {self.runs}")
        facts = {"build_doc": doc("build"), "key": key.record("none"), "steps": list(steps), "until": until or self.at + DAY}
        if plan_n is not None:
            facts["plan_n"] = plan_n
        n = self.add("run.opened", facts, signers or [OPERATOR], **more)
        self.run, self.runs = (n, key), self.runs + 1
        return n

    def by_run(self, kind, facts, signers=None, run_n=True, **more):
        if run_n:
            facts = {"run_n": self.run[0]} | facts
        return self.add(kind, facts, signers or [self.run[1]], **more)

    def close_run(self, signers=None, **more):
        n = self.by_run("run.closed", {"done": [], "waits": []}, signers, **more)
        self.run = None
        return n

    def source(self, source="src1", cap="L4", reach="direct", **more):
        facts = {"cap": cap, "reach": reach, "source": source, "store": "sqlite", "version": "3.46.1"}
        return self.add("source.registered", facts, [OPERATOR], **more)

    def scan(self, unread=0, datasets=1, **more):
        facts = {"datasets": datasets, "inventory_doc": doc(f"inventory {self.next}"), "places": 3, "unread": unread}
        return self.by_run("scan.recorded", facts, **more)

    def seal(self, rows=10, dataset="src1/t1", copy="live", groups=("g1",), of_n=None, name=None, signers=None, more=None, **facts):
        out = {
            "copy": copy,
            "dataset": dataset,
            "groups": list(groups),
            "kind": "full" if of_n is None else "delta",
            "root": root_of(self.next if name is None else name),
            "rows": rows,
            "schema_doc": doc("schema of " + dataset),
        }
        if of_n is not None:
            out["of_n"] = of_n
        return self.by_run("dataset.sealed", out | facts, signers, **(more or {}))

    def subjects(self, seal_ns, **more):
        facts = {"model_doc": doc("model"), "root": root_of(f"subjects {self.next}"), "seal_ns": seal_ns, "subjects": 7, "unassigned_rows": 1}
        return self.by_run("subjects.recorded", facts, **more)

    def outcomes(self, seal_n, counts, group="g1", copy="live", **changes):
        codes = b"".join(bytes([CODES.index(w)]) * counts[w] for w in sorted(counts, key=CODES.index))
        pages = [codes[i : i + 256] for i in range(0, len(codes), 256)]
        facts = {"copy": copy, "group": group, "root": merkle.root(pages).hex(), "seal_n": seal_n, "totals": counts}
        words = [w for w in counts if counts[w]]
        facts |= {"uniform": CODES.index(words[0])} if len(words) == 1 else {"vector_doc": sha256(codes).hex()}
        return self.by_run("outcomes.recorded", facts | changes, run_n=False)

    # --- plan and approvals

    def plan(self, inventory_n, subjects_n, seal_ns, name="plan", signers=None, more=None, **changes):
        facts = {
            "consequence_doc": doc(name + " consequence"),
            "inventory_n": inventory_n,
            "irreversible": 2,
            "items": 2,
            "law_date": "2026-11-24",
            "pack_docs": [doc("pack")],
            "plan_doc": doc(name),
            "schema_docs": [doc("schema of src1/t1")],
            "seal_ns": seal_ns,
            "undecided": 0,
        }
        if subjects_n is not None:
            facts["subjects_n"] = subjects_n
        return self.add("plan.made", facts | changes, signers or [OPERATOR], **(more or {}))

    def statement(self, key, plan_n, plan="plan", size=None, **changes):
        size = self.next if size is None else size
        self.nonces += 1
        out = {
            "case": CASE,
            "consequence": doc(plan + " consequence"),
            "decision": "approve",
            "head": {"root": merkle.root(self.lines[:size]).hex(), "size": size},
            "key": key.kid,
            "nonce": b64url(filler(f"nonce of approval {self.nonces}")),
            "not_after": "2027-12-31",
            "origin": ORIGIN,
            "plan": doc(plan),
            "reason": filler(f"reason of approval {self.nonces}").hex(),
            "role": "approver",
            "scope": ["*"],
            "type": "custody.approval",
            "v": 1,
        }
        return out | changes

    def approve(self, key, plan_n, plan="plan", s=None, sig=None, facts=None, more=None, **changes):
        s = s or canonical.write(self.statement(key, plan_n, plan, **changes))
        out = {
            "alg": "ed25519",
            "kid": key.kid,
            "kind": "key",
            "plan_n": plan_n,
            "sig": b64url(sig or sign(key, pae(APPROVAL_TYPE, s))),
            "statement": b64url(s),
        }
        return self.add("plan.approved", out | (facts or {}), [OPERATOR], **(more or {}))

    # --- effects

    def backup(self, seal_ns, rows, roots, archive="ar-1", more=None, **changes):
        facts = {
            "archive": archive,
            "mirrors": 1,
            "restored_root": merkle.root([bytes.fromhex(r) for r in roots]).hex(),
            "rows_equal": rows,
            "rows_restored": rows,
            "rows_written": rows,
            "seal_ns": seal_ns,
        }
        return self.by_run("backup.observed", facts | changes, **(more or {}))

    def order(self, plan_n, seal_n, backup_n=None, kind="destroy", rows=10, without=(), signers=None, more=None, **changes):
        facts = {
            "bars": {"gate": "false", "hold": "false", "request": "false", "retention": "false"},
            "copy": "live",
            "dataset": "src1/t1",
            "demand": "true",
            "excluded": 0,
            "groups": ["g1"],
            "head_ns": [],
            "item": "i-1",
            "method": "delete_rows",
            "not_before": self.today,
            "plan_n": plan_n,
            "rows": rows,
            "seal_n": seal_n,
        }
        if backup_n is not None:
            facts["backup_n"] = backup_n
        return self.by_run(kind + ".ordered", facts | changes, signers, **(more or {}))

    def observe(self, order_n, done=10, kept=None, level="L1", columns=None, kind="destroy", signers=None, more=None, **changes):
        facts = {
            "bytes_searched": 0,
            "bytes_unread": 0,
            "columns": columns if columns is not None else [column(1, level)],
            "level": level,
            "order_n": order_n,
            "out_of_scope": ["backups_made_by_others", "disk_free_blocks"],
            "receipt_doc": doc(f"receipt {order_n}"),
            "rows_done": done,
            "rows_kept": kept or {},
        }
        return self.by_run(kind + ".observed", facts | changes, signers, run_n=False, **(more or {}))

    def order_shred(self, plan_n, archive="ar-1", **changes):
        facts = {
            "archive": archive,
            "bars": {"gate": "false", "hold": "false", "request": "false", "retention": "false"},
            "demand": "true",
            "epoch": 1,
            "excluded": 0,
            "head_ns": [],
            "item": "i-2",
            "method": "crypto_shred",
            "not_before": self.today,
            "plan_n": plan_n,
            "slots": 9,
        }
        return self.by_run("shred.ordered", facts | changes)

    def observe_shred(self, order_n, **changes):
        facts = {
            "epoch": 2,
            "holders": [{"gone": True, "holder": "h-1"}],
            "level": "L4",
            "order_n": order_n,
            "out_of_scope": ["copies_of_workspace_and_epoch_key_by_others"],
            "receipt_doc": doc(f"receipt {order_n}"),
            "slots_zero": 9,
        }
        return self.by_run("shred.observed", facts | changes, run_n=False)

    # --- hand-overs

    def agree(self, key=RECIPIENT, agreement="ag-1", role="recipient", signers=None, more=None, **changes):
        facts = {
            "agreement": agreement,
            "evidence": [paper(agreement)],
            "fields_doc": doc("fields of " + agreement),
            "from": self.today,
            "party": key.person,
            "role": role,
            "to": plus_days(self.today, 60),
        }
        return self.add("agreement.signed", facts | changes, signers or [OPERATOR], **(more or {}))

    def hand_over(self, plan_n, seal_n, agreement_n, key=RECIPIENT, package="pk-1", item="i-5", **changes):
        own = {"agreement_n": agreement_n, "not_after": plus_days(self.today, 9), "package": package, "recipient": key.kid}
        return self.order(plan_n, seal_n, kind="hand_over", **({"item": item, "method": "package"} | own | changes))

    def handed_over(self, order_n, done=10, kept=None, level="L0", columns=(), **changes):
        return self.observe(order_n, done, kept, level, list(columns), "hand_over", **changes)

    def receiving(self, key=RECIPIENT, package="pk-1", rows=10, **changes):
        self.nonces += 1
        out = {
            "case": CASE,
            "differences": [],
            "key": key.kid,
            "looked": True,
            "nonce": b64url(filler(f"nonce of receipt {self.nonces}")),
            "origin": ORIGIN,
            "package": package,
            "root": root_of(package),
            "rows": rows,
            "type": "custody.receiving",
            "v": 1,
        }
        return out | changes

    def receive(self, order_n, key=RECIPIENT, package="pk-1", rows=10, s=None, sig=None, facts=None, signers=None, more=None, **changes):
        """A receipt whose statement has `changes` and whose facts, else as the statement says, have `facts`."""
        said = self.receiving(key, package, rows, **changes)
        s = s or canonical.write(said)
        out = {
            "alg": "ed25519",
            "differences": len(said["differences"]),
            "order_n": order_n,
            "package": package,
            "recipient": key.kid,
            "root": said["root"],
            "rows": said["rows"],
            "sig": b64url(sig or sign(key, pae(RECEIVING_TYPE, s))),
            "statement": b64url(s),
        }
        return self.add("receipt.received", out | (facts or {}), signers or [OPERATOR], **(more or {}))

    # --- the rest

    def hold(self, hold="h-1", datasets=("src1/t1",), signers=None, **more):
        return self.add("hold.placed", {"datasets": list(datasets), "hold": hold}, signers or [COUNSEL], **more)

    def lift(self, hold_n, signers=None, **more):
        return self.add("hold.lifted", {"evidence": [], "hold_n": hold_n}, signers or [COUNSEL], **more)

    def answer(self, question="case.employees_left", value=True, signers=None, **more):
        return self.add("answer.given", {"answers_doc": doc(f"answers {self.next}"), "question": question, "value": value}, signers or [OPERATOR], **more)

    def register(self, key, signers=None, seen="countersigned", **more):
        return self.add("key.registered", {"key": key.record(seen)}, signers or [OPERATOR, COUNTER], **more)

    def rotate(self, old, new, signers=None, **more):
        facts = {"new": new.record("countersigned"), "old": old.kid, "reason": "routine"}
        return self.add("key.rotated", facts, signers or [old, new], **more)

    def revoke(self, key, from_n=None, signers=None, **more):
        facts = {"from_n": self.next - 1 if from_n is None else from_n, "kid": key.kid, "reason": "lost"}
        return self.add("key.revoked", facts, signers or [OPERATOR], **more)

    def amend(self, signers=None, more=None, **facts):
        return self.add("case.amended", {"reason": "law_changed"} | (facts or {"safety_days": 45}), signers or [OPERATOR, FIRST], **(more or {}))

    def exception(self, kind="note", by_run=False, about_n=None, **more):
        facts = {"kind": kind} | ({} if about_n is None else {"about_n": about_n})
        return self.add("exception.recorded", facts, [self.run[1] if by_run else OPERATOR], **more)

    def correct(self, entry_n, **more):
        return self.add("entry.corrected", {"entry_n": entry_n, "why": "miscounted"}, [OPERATOR], **more)

    def act(self, kind, signers, about=("i-1", "src1/t1"), evidence=(), **more):
        facts = {"about": list(about), "by": signers[0].person, "day": self.today, "evidence": list(evidence), "kind": kind}
        return self.add("act.recorded", facts, signers, **more)

    def close(self, archives=(), open_tasks=0, **more):
        return self.add("case.closed", {"archives": list(archives), "open_tasks": open_tasks}, [OPERATOR], **more)

    def dossier(self, **more):
        facts = {"audience": "public", "bodies": 0, "manifest_doc": doc(f"manifest {self.next}")}
        return self.add("dossier.made", facts, [OPERATOR], **more)


def root_of(name):
    return sha256(f"root: {name}".encode("ascii")).hex()


def paper(name):
    """The name of an attachment, as evidence names it."""
    return "a-" + filler("attachment: " + name).hex()


def column(ordinal, level, asked=0, found=0, hits=0, live=0):
    return {"asked": asked, "col": ordinal, "found": found, "hits": hits, "level": level, "live": live}
