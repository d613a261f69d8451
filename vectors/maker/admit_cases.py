"""Vector 18: a chain per admit rule that passes, and its twin that breaks only that rule."""

import json

from . import admit, canonical
from .chain import (
    COUNSEL,
    COUNTER,
    DAY,
    FIRST,
    HANDING,
    HOUR,
    LOG,
    OPERATOR,
    RECIPIENT,
    RIVAL,
    SECOND,
    THIRD,
    USUAL,
    Chain,
    column,
    doc,
    opened_facts,
    paper,
    plus_days,
    root_of,
    same_person,
    sign,
)
from .people import Key
from .primitives import APPROVAL_TYPE, RECEIVING_TYPE, b64url, filler, flip, pae, unb64url_strict

ABOUT = (
    "good and bad are lists of lines (text, without newline) of one chain that is its whole ledger, so tree index = n. Every "
    "line of good is admitted; in bad every line before bad_at is admitted and line bad_at (the last) is refused. rule: the "
    "one rule of section 4 that it breaks. rule_open: refused for certain, but the text lets more than one rule refuse it. "
    "open: the case rests on a reading that the text does not state in words; reading says which. Documents and bodies "
    "are not given: no rule here needs them. Steps of a run are the words anonymise, backup, destroy, hand_over, outcomes, "
    "plan, scan, seal, shred, subjects."
)

SECOND_OPERATOR = Key("operator", "operator 2")
FIRST_AGAIN = same_person(Key("approver", "approver 1, second key"), FIRST)
OPERATOR_APPROVES = same_person(Key("approver", "approver that is the operator"), OPERATOR)
OPERATOR_2_APPROVES = same_person(Key("approver", "approver that is operator 2"), SECOND_OPERATOR)
STRANGER = Key("operator", "a stranger")

STAGES = ["opened", "scanned", "sealed", "planned", "approved", "ready", "destroyed", "waiting", "shredded"]


def build(stage, keys=USUAL, opened=None, source=None, scan=None, seal=None, plan=None, approvers=(FIRST, SECOND), run=None):
    """The usual chain up to a stage. `n` keeps the numbers of its entries.

    A run is open at the end, except after `opened`, `planned`, `approved` and `shredded`.
    """
    c = Chain(keys, **(opened or {}))
    c.n = n = {}
    upto = STAGES.index(stage)
    if upto >= 1:
        n["source"] = c.source(**(source or {}))
        n["run"] = c.open_run()
        n["scan"] = c.scan(**(scan or {}))
    if upto >= 2:
        n["seal"] = c.seal(**(seal or {}))
        n["subjects"] = c.subjects([n["seal"]])
    if upto >= 3:
        c.close_run()
        n["plan"] = c.plan(n["scan"], n["subjects"], [n["seal"]], **(plan or {}))
    if upto >= 4:
        for key in approvers:
            c.approve(key, n["plan"])
    if upto >= 5:
        n["run"] = c.open_run(n["plan"], **(run or {}))
        n["backup"] = c.backup([n["seal"]], 10, [root_of(n["seal"])])
    if upto >= 6:
        n["order"] = c.order(n["plan"], n["seal"], n["backup"])
        n["observed"] = c.observe(n["order"])
        n["outcomes"] = c.outcomes(n["seal"], {"destroy": 10})
    if upto >= 7:
        c.close_run()
        c.wait(30 * DAY)
        n["run"] = c.open_run(n["plan"])
    if upto >= 8:
        n["shred"] = c.order_shred(n["plan"])
        c.observe_shred(n["shred"])
        c.close_run()
    return c


class Cases:
    def __init__(self):
        self.made = []

    def twin(self, rule, name, base, good, bad, other=None, rule_open=False, reading=None):
        """`good` goes on from `base`, `bad` from `other` or `base`; each is a function of a chain."""
        g, b = base.copy(), (other or base).copy()
        good(g)
        bad(b)
        self.add(rule, name, g, b, rule_open, reading)

    def add(self, rule, name, g, b, rule_open=False, reading=None):
        at = len(b.lines) - 1
        admit.check(g.lines if rule != "C3" else g.lines[:-1])
        admit.check(b.lines[:at])
        found = set(admit.broken(b.lines[:at], b.lines[at]))
        assert rule in found if rule_open else found == {rule}, (rule, name, found)
        assert not admit.broken(g.lines[:-1], g.lines[-1]), (rule, name)
        case = {"name": f"{rule}: {name}", "rule": rule, "good": g.text(), "bad": b.text(), "bad_at": at}
        if rule_open:
            case["rule_open"] = True
        if reading:
            case |= {"open": True, "reading": reading}
        self.made.append(case)


def cases():
    out = Cases()
    for part in (_f1, _f2, _f3, _f4, _k1, _k2, _k3, _s1, _s2, _s3, _p1, _p2, _p3, _p4, _p5, _p6, _p7, _b, _e1, _e2, _e3, _c1, _c3, _handed):
        part(out)
    wanted = {r for r in admit.RULES} | {"F1"}
    assert {case["rule"] for case in out.made} == wanted
    return out.made


# --- F


def _f1(out):
    opened, scanned = build("opened"), build("scanned")
    source = {"cap": "L4", "reach": "direct", "source": "src1", "store": "sqlite", "version": "3.46.1"}

    def facts(name, kind, good, bad, base=opened, signers=None):
        signers = signers or [OPERATOR]
        out.twin("F1", name, base, lambda c: c.add(kind, good, signers), lambda c: c.add(kind, bad, signers))

    facts("a fact too many", "source.registered", source, source | {"note": "x"})
    facts("a fact missing", "source.registered", source, {k: v for k, v in source.items() if k != "version"})
    facts("a level that does not exist", "source.registered", source, source | {"cap": "L5"})
    facts("a place in capitals", "source.registered", source, source | {"source": "SRC1"})
    frozen = {"from": "2026-12-01", "source": "src1"}
    facts("a day that is not in the calendar", "source.frozen", frozen, frozen | {"from": "2027-02-29"}, scanned)
    out.twin("F1", "a number as a string", scanned, lambda c: c.seal(), lambda c: c.seal(rows="10"))
    scan = json.loads(scanned.lines[-1])["facts"]
    run = scanned.run[1]
    facts("a digest in upper case", "scan.recorded", scan, scan | {"inventory_doc": scan["inventory_doc"].upper()}, scanned, [run])
    ready = build("ready")
    bars = {"gate": "false", "hold": "false", "request": "false", "retention": "false"}
    order = lambda **f: lambda c: c.order(c.n["plan"], c.n["seal"], c.n["backup"], **f)  # noqa: E731
    out.twin("F1", "a bar that is neither true, false nor unknown", ready, order(), order(bars=bars | {"gate": "no"}))
    out.twin("F1", "a bar left out", ready, order(), order(bars={k: v for k, v in bars.items() if k != "gate"}))
    sealed = build("sealed")
    out.twin(
        "F1",
        "a total under a word that is no outcome",
        sealed,
        lambda c: c.outcomes(c.n["seal"], {"retain": 10}),
        lambda c: c.outcomes(c.n["seal"], {"retain": 10}, totals={"keep": 10}),
        rule_open=True,
    )

    def spaced(c):
        c.source()
        c.lines[-1] = c.lines[-1].replace(b'"n":1,', b'"n": 1,')

    out.twin("F1", "a space after a colon", opened, lambda c: c.source(), spaced)

    def long_answer(size):
        def make(c):
            short = c.copy()
            short.answer("q")
            c.answer("q" * (1 + size - len(short.lines[-1])))
            assert len(c.lines[-1]) == size

        return make

    out.twin("F1", "a line of 65,536 bytes, and one of 65,537", opened, long_answer(65536), long_answer(65537))


def _f2(out):
    opened = build("opened")
    scanned = build("scanned")
    out.twin("F2", "n leaves one out", opened, lambda c: c.source(), lambda c: c.source(n=2))
    out.twin("F2", "n repeats the last", scanned, lambda c: c.exception(), lambda c: c.exception(n=c.next - 1))

    def grandparent(c):
        earlier = c.copy()
        earlier.lines = earlier.lines[:-1]
        c.exception(prev=earlier.prev())

    out.twin("F2", "prev is the leaf before the last", scanned, lambda c: c.exception(), grandparent)
    out.twin("F2", "prev is zeros", scanned, lambda c: c.exception(), lambda c: c.exception(prev="0" * 64))
    out.twin(
        "F2",
        "a second case.opened",
        opened,
        lambda c: c.source(),
        lambda c: c.add("case.opened", opened_facts([SECOND_OPERATOR]), [OPERATOR]),
    )
    empty = Chain(open_case=False)
    opens = lambda c: c.add("case.opened", opened_facts(USUAL), [OPERATOR])  # noqa: E731
    out.twin("F2", "entry 0 is not case.opened", empty, opens, lambda c: c.source(), rule_open=True)
    last = json.loads(scanned.lines[-1])["at"]
    out.twin("F2", "at goes back 120 s, and one more ms", scanned, lambda c: c.answer(at=last - 120_000), lambda c: c.answer(at=last - 120_001))
    out.twin(
        "F2",
        "at goes back a day: only exception.recorded of kind clock",
        scanned,
        lambda c: (c.exception("clock", at=last - DAY), c.answer(at=last - DAY + 1)),
        lambda c: c.exception("note", at=last - DAY),
    )
    out.twin("F2", "the line of another case", opened, lambda c: c.source(), lambda c: c.source(case="c-another"), rule_open=True)


def _f3(out):
    opened, scanned, sealed, planned, ready = (build(s) for s in ("opened", "scanned", "sealed", "planned", "ready"))
    out.twin("F3", "a correction of itself", scanned, lambda c: c.correct(c.next - 1), lambda c: c.correct(c.next))
    out.twin("F3", "an exception about a later entry", opened, lambda c: c.exception(about_n=0), lambda c: c.exception(about_n=2))
    out.twin("F3", "a revocation from a later entry", opened, lambda c: c.revoke(SECOND), lambda c: c.revoke(SECOND, from_n=5))
    out.twin(
        "F3",
        "what is lifted is no hold",
        scanned,
        lambda c: c.lift(c.hold()),
        lambda c: (c.hold(), c.lift(c.n["source"])),
    )
    out.twin("F3", "a run for a plan that is a scan", planned, lambda c: c.open_run(c.n["plan"]), lambda c: c.open_run(c.n["scan"]))
    out.twin("F3", "subjects of a seal that is a scan", scanned, lambda c: c.subjects([c.seal()]), lambda c: (c.seal(), c.subjects([c.n["scan"]])))
    out.twin(
        "F3",
        "outcomes of a seal that is a scan",
        sealed,
        lambda c: c.outcomes(c.n["seal"], {"retain": 10}),
        lambda c: c.outcomes(c.n["scan"], {"retain": 10}),
    )

    def observed(pick, **facts):
        def make(c):
            order = c.order(c.n["plan"], c.n["seal"], c.n["backup"])
            scan = c.scan()
            c.observe(order, scan_n={"scan": scan, "seal": c.n["seal"]}[pick], **facts)

        return make

    out.twin("F3", "an observation whose scan is a seal", ready, observed("scan"), observed("seal"))
    out.twin("F3", "an anonymisation observed for an order to destroy", ready, observed("scan"), observed("scan", kind="anonymise"))
    order = lambda **f: lambda c: c.order(c.n["plan"], c.n["seal"], c.n["backup"], **f)  # noqa: E731
    out.twin("F3", "a head that is no facts.sealed", ready, order(), order(head_ns=[4]))

    def withdraw(c):
        c.add("plan.withdrawn", {"plan_n": c.n["plan"], "reason": "mistake"}, [OPERATOR])

    out.twin(
        "F3",
        "an approval of a withdrawn plan",
        planned,
        lambda c: c.approve(FIRST, c.n["plan"]),
        lambda c: (withdraw(c), c.approve(FIRST, c.n["plan"])),
    )
    approved = build("approved")
    out.twin(
        "F3",
        "a run for a withdrawn plan",
        approved,
        lambda c: c.open_run(c.n["plan"]),
        lambda c: (withdraw(c), c.open_run(c.n["plan"])),
    )
    out.twin(
        "F3",
        "an order under a corrected backup",
        ready,
        lambda c: (c.correct(c.n["source"]), order()(c)),
        lambda c: (c.correct(c.n["backup"]), order()(c)),
    )

    def corrected_seal(right):
        def make(c):
            seal = c.seal()
            other = c.seal(dataset="src1/t2")
            c.correct(seal)
            c.subjects([other if right else seal])

        return make

    out.twin("F3", "subjects of a corrected seal", scanned, corrected_seal(True), corrected_seal(False))


def _f4(out):
    closed = build("scanned")
    closed.close_run()
    closed.close()
    dossier = lambda c: c.dossier()  # noqa: E731
    out.twin("F4", "a hold after closing", closed, dossier, lambda c: c.hold())
    out.twin("F4", "a source after closing", closed, dossier, lambda c: c.source("src2"))
    out.twin("F4", "an answer after closing", closed, dossier, lambda c: c.answer())
    out.twin("F4", "closed twice", closed, dossier, lambda c: c.close())
    out.twin("F4", "an amendment after closing", closed, dossier, lambda c: c.amend())


# --- K


def _k1(out):
    opened, scanned = build("opened"), build("scanned")
    two = build("opened", keys=USUAL + [SECOND_OPERATOR])
    answer, stranger = lambda c: c.answer(), lambda c: c.answer(signers=[STRANGER])
    out.twin("K1", "a key that nobody registered", opened, answer, stranger)
    by_second = lambda c: c.answer(signers=[SECOND_OPERATOR])  # noqa: E731
    out.twin(
        "K1",
        "a key used before it is registered",
        opened,
        lambda c: (c.register(SECOND_OPERATOR), by_second(c)),
        lambda c: by_second(c),
    )
    out.twin("K1", "a revoked key", two, by_second, lambda c: (c.revoke(SECOND_OPERATOR), by_second(c)))
    new = same_person(Key("operator", "operator, next key"), OPERATOR)
    out.twin(
        "K1",
        "the old key after its rotation",
        opened,
        lambda c: (c.rotate(OPERATOR, new), c.answer(signers=[new])),
        lambda c: (c.rotate(OPERATOR, new), c.answer(signers=[OPERATOR])),
        reading="a rotation ends the old key",
    )
    out.twin("K1", "a run opened by counsel", opened, lambda c: c.open_run(), lambda c: c.open_run(signers=[COUNSEL]))
    out.twin("K1", "a hold placed by an approver", opened, lambda c: c.hold(), lambda c: c.hold(signers=[FIRST]))
    out.twin("K1", "a hold placed by the operator, and by the log's key", opened, lambda c: c.hold(signers=[OPERATOR]), lambda c: c.hold(signers=[LOG]))
    opinion = {"datasets": ["src1/t1"], "effect": "retain", "evidence": [], "rule": "CN-PIPL-47-1", "until": "2027-12-31"}
    out.twin(
        "K1",
        "an opinion filed by the operator",
        opened,
        lambda c: c.add("opinion.filed", opinion, [COUNSEL]),
        lambda c: c.add("opinion.filed", opinion, [OPERATOR]),
    )
    out.twin("K1", "a scan signed by the operator", scanned, lambda c: c.scan(), lambda c: c.scan(signers=[OPERATOR]), rule_open=True)
    out.twin("K1", "a plan made by the operator, and by an approver", *_plan_by())
    out.twin("K1", "an amendment by the operator alone", opened, lambda c: c.amend(), lambda c: c.amend([OPERATOR]))
    out.twin("K1", "an amendment by operator and counsel", opened, lambda c: c.amend(), lambda c: c.amend([OPERATOR, COUNSEL]))
    out.twin("K1", "a key registered by the operator alone", opened, lambda c: c.register(THIRD), lambda c: c.register(THIRD, [OPERATOR]))
    out.twin(
        "K1",
        "an approval entered by the approver instead of the operator",
        build("planned"),
        lambda c: c.approve(FIRST, c.n["plan"]),
        lambda c: c.add("plan.approved", _approval_facts(c), [FIRST]),
    )
    out.twin(
        "K1",
        "a backup waiver signed by the operator",
        opened,
        lambda c: c.act("backup_waiver", sorted([FIRST, SECOND], key=lambda k: k.kid)),
        lambda c: c.act("backup_waiver", [OPERATOR]),
        reading="a backup_waiver is signed by two approvers in place of the operator; actor is the first by kid",
    )
    out.twin("K1", "another act signed by an approver", opened, lambda c: c.act("visit", [OPERATOR]), lambda c: c.act("visit", [FIRST]))

    def with_signature(change):
        def make(c):
            c.answer()
            line = json.loads(c.lines[-1])
            change(line["sigs"][0])
            c.lines[-1] = canonical.write(line)

        return make

    def one_bit(s):
        s["sig"] = b64url(flip(unb64url_strict(s["sig"]), 11))

    def other_alg(s):
        s["alg"] = "ed448"

    out.twin("K1", "a bit flipped in the signature", opened, answer, with_signature(one_bit))
    out.twin("K1", "alg is not the register's", opened, answer, with_signature(other_alg), rule_open=True)

    def changed(c):
        c.answer(value=True)
        c.lines[-1] = c.lines[-1].replace(b'"value":true', b'"value":false')

    out.twin("K1", "a fact changed after signing", opened, answer, changed)
    out.twin("K1", "actor is not the signer named first", opened, lambda c: c.amend(), lambda c: c.amend(more={"actor": FIRST.kid}), rule_open=True)
    out.twin("K1", "role is not the use of the key", opened, answer, lambda c: c.answer(role="counsel"), rule_open=True)


def _plan_by():
    base = build("sealed")
    base.close_run()
    make = lambda key: lambda c: c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]], signers=[key])  # noqa: E731
    return base, make(OPERATOR), make(FIRST)


def _approval_facts(c):
    other = c.copy()
    other.approve(FIRST, c.n["plan"])
    return json.loads(other.lines[-1])["facts"]


def _k2(out):
    opened = build("opened")
    new = same_person(Key("approver", "approver 2, next key"), SECOND)
    registers = lambda c: c.register(THIRD)  # noqa: E731
    out.twin("K2", "a key registered that case.opened registered", opened, registers, lambda c: c.register(FIRST))
    out.twin("K2", "a key registered twice", opened, registers, lambda c: (c.register(THIRD), c.register(THIRD)))
    out.twin("K2", "a revoked key registered again", opened, registers, lambda c: (c.revoke(SECOND), c.register(SECOND)))
    empty = Chain(open_case=False)
    out.twin(
        "K2",
        "a key twice in case.opened",
        empty,
        lambda c: c.add("case.opened", opened_facts(USUAL), [OPERATOR]),
        lambda c: c.add("case.opened", opened_facts(USUAL + [FIRST]), [OPERATOR]),
    )
    rotates = lambda c: c.rotate(SECOND, new)  # noqa: E731
    out.twin("K2", "a rotation without the new key's signature", opened, rotates, lambda c: c.rotate(SECOND, new, [SECOND]), rule_open=True)
    out.twin("K2", "a rotation without the old key's signature", opened, rotates, lambda c: c.rotate(SECOND, new, [new]), rule_open=True)
    out.twin("K2", "a rotation to a key already registered", opened, rotates, lambda c: c.rotate(SECOND, FIRST))
    again = Key("countersigner", "countersigner 2")
    out.twin(
        "K2",
        "a key that countersigns itself",
        opened,
        lambda c: c.register(again),
        lambda c: c.register(again, [OPERATOR, again]),
        rule_open=True,
    )

    def wrong_kid(c):
        record = THIRD.record() | {"kid": "k-" + "0" * 20}
        c.add("key.registered", {"key": record}, [OPERATOR, COUNTER])

    out.twin("K2", "a kid that is not that of the public key", opened, registers, wrong_kid, rule_open=True)

    def run_twice(same):
        def make(c):
            c.open_run()
            c.close_run()
            if same:
                c.runs = 0
            c.open_run()

        return make

    out.twin("K2", "a run key used for a second run", opened, run_twice(False), run_twice(True))


def _k3(out):
    opened, scanned = build("opened"), build("scanned")
    run = scanned.run
    scan = lambda c: c.scan()  # noqa: E731

    def after_close(c):
        c.close_run()
        c.run = run
        c.scan()

    out.twin("K3", "a scan after its run was closed", scanned, scan, after_close)
    out.twin(
        "K3",
        "a run lost in a crash is closed by the operator, and not twice",
        scanned,
        lambda c: c.close_run([OPERATOR]),
        lambda c: (c.close_run([OPERATOR]), c.add("run.closed", {"done": [], "run_n": run[0], "waits": []}, [OPERATOR])),
    )
    out.twin("K3", "a second run while one is open", scanned, lambda c: (c.close_run(), c.open_run()), lambda c: c.open_run())

    def next_run(by_old, of_old):
        def make(c):
            c.close_run()
            c.open_run()
            now = c.run
            c.run = (run[0] if of_old else now[0], run[1] if by_old else now[1])
            c.scan()

        return make

    out.twin("K3", "signed by the key of the run before", scanned, next_run(False, False), next_run(True, False))
    out.twin("K3", "names the run before", scanned, next_run(False, False), next_run(False, True))
    out.twin("K3", "signed by run and operator", scanned, scan, lambda c: c.scan(signers=[run[1], OPERATOR]), rule_open=True)
    short = opened.copy()
    short.source()
    short.open_run(until=short.at + HOUR)
    end = json.loads(short.lines[-1])["facts"]["until"]
    out.twin("K3", "at = until, and one ms later", short, lambda c: c.scan(at=end), lambda c: c.scan(at=end + 1))

    def steps(words):
        def make(c):
            c.open_run(steps=words)
            c.scan()
            c.seal()

        return make

    out.twin("K3", "a step that is not the run's", opened, steps(["scan", "seal"]), steps(["scan"]))
    ready = build("approved")
    newer = ready.copy()
    old = newer.n["plan"]
    newer.n = dict(newer.n)
    newer.n["plan"] = newer.plan(newer.n["scan"], newer.n["subjects"], [newer.n["seal"]], name="plan 2")
    for key in (FIRST, SECOND):
        newer.approve(key, newer.n["plan"], plan="plan 2")

    def carry_out(run_plan):
        def make(c):
            c.open_run(run_plan)
            backup = c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
            c.order(c.n["plan"], c.n["seal"], backup)

        return make

    out.twin("K3", "an order under another plan than the run's", newer, carry_out(newer.n["plan"]), carry_out(old))


# --- S


def _s1(out):
    opened, scanned = build("opened"), build("scanned")
    opened.source()
    opened.open_run()
    out.twin("S1", "a seal before any scan", opened, lambda c: (c.scan(), c.seal()), lambda c: c.seal())
    out.twin("S1", "two full seals after one scan", scanned, lambda c: (c.seal(), c.scan(), c.seal()), lambda c: (c.seal(), c.seal()))
    out.twin(
        "S1",
        "another copy may be sealed after the same scan, the same copy not",
        scanned,
        lambda c: (c.seal(), c.seal(copy="ar-1"), c.seal(dataset="src1/t2")),
        lambda c: (c.seal(), c.seal(copy="ar-1"), c.seal(copy="ar-1")),
    )
    delta = lambda **f: lambda c: (c.seal(), c.scan(), c.seal(3, of_n=c.next - 2, **f))  # noqa: E731

    def unnamed(c):
        c.seal()
        c.scan()
        c.seal(3, kind="delta")

    out.twin("S1", "a delta that names no seal", scanned, delta(), unnamed)
    out.twin(
        "S1",
        "a delta of another data set's seal",
        scanned,
        delta(),
        delta(dataset="src1/t2"),
        reading="of_n is a seal of the same data set and copy",
    )


def _s2(out):
    sealed = build("sealed")
    say = lambda totals, **f: lambda c: c.outcomes(c.n["seal"], totals, **f)  # noqa: E731
    out.twin("S2", "one row too few", sealed, say({"retain": 6, "undecided": 4}), say({"retain": 6, "undecided": 3}))
    out.twin("S2", "one row too many", sealed, say({"gone": 1, "retain": 9}), say({"gone": 1, "retain": 10}))
    groups = build("sealed", seal={"groups": ["g1", "g2"]})
    first = groups.copy()
    first.outcomes(first.n["seal"], {"retain": 10})
    out.twin(
        "S2",
        "each group of its own: the second is short",
        first,
        say({"continue": 10}, group="g2"),
        say({"continue": 9}, group="g2"),
    )
    out.twin("S2", "each copy of its own: the archive is short", first, say({"continue": 10}, copy="ar-1"), say({"continue": 9}, copy="ar-1"))
    out.twin("S2", "a group that was not sealed", groups, say({"retain": 10}, group="g2"), say({"retain": 10}, group="g3"), rule_open=True)
    out.twin("S2", "uniform of a code above 8", sealed, say({"gone": 10}), say({"gone": 10}, uniform=9), rule_open=True)
    out.twin("S2", "uniform of another code than the totals", sealed, say({"retain": 10}), say({"retain": 10}, uniform=1), rule_open=True)

    def delta(totals, rows=4, before=None, group="g1"):
        def make(c):
            if before:
                c.outcomes(c.n["seal"], before)
            c.scan()
            c.seal(rows, of_n=c.n["seal"])
            for t in totals:
                c.outcomes(c.n["seal"], t)

        return make

    four, five, three = ({"retain": 10 - k, "superseded": k} for k in (4, 5, 3))
    out.twin("S2", "more superseded than the delta seal has rows", sealed, delta([four]), delta([five]))
    out.twin("S2", "superseded without a delta seal", sealed, say({"retain": 10}), say({"retain": 9, "superseded": 1}))
    out.twin("S2", "superseded positions come back", sealed, delta([three, four]), delta([four, three]))

    def of_other(dataset):
        def make(c):
            c.scan()
            other = c.seal(10, dataset="src1/t2")
            c.scan()
            c.seal(4, dataset=dataset, of_n=c.n["seal"] if dataset == "src1/t1" else other)
            c.outcomes(c.n["seal"], four)

        return make

    out.twin("S2", "superseded by a delta of another data set", sealed, of_other("src1/t1"), of_other("src1/t2"))
    destroyed = build("destroyed")
    out.twin(
        "S2",
        "a destroyed position becomes retained",
        destroyed,
        say({"destroy": 10}),
        say({"destroy": 9, "retain": 1}),
    )
    anonymised = build("ready")
    anonymised.observe(_anonymise(anonymised), kind="anonymise")
    anonymised.outcomes(anonymised.n["seal"], {"anonymise": 10})
    out.twin(
        "S2",
        "an anonymised position becomes gone",
        anonymised,
        say({"anonymise": 10}),
        say({"anonymise": 9, "gone": 1}),
    )
    out.twin(
        "S2",
        "continue, retain, gone and undecided may move, destroy not",
        *_moves(),
    )


def _anonymise(c, **f):
    return c.order(c.n["plan"], c.n["seal"], None, "anonymise", method="generalise", **f)


def _moves():
    c = build("ready")
    order = c.order(c.n["plan"], c.n["seal"], c.n["backup"], rows=2)
    c.observe(order, 2)
    c.outcomes(c.n["seal"], {"continue": 2, "destroy": 2, "gone": 1, "retain": 3, "undecided": 2})
    say = lambda totals: lambda c: c.outcomes(c.n["seal"], totals)  # noqa: E731
    return c, say({"continue": 5, "destroy": 2, "gone": 3}), say({"continue": 6, "destroy": 1, "gone": 3})


def _s3(out):
    sealed, ready = build("sealed"), build("ready")
    say = lambda totals, **f: lambda c: c.outcomes(c.n["seal"], totals, **f)  # noqa: E731
    out.twin("S3", "destroyed without any effect", sealed, say({"undecided": 10}), say({"destroy": 10}))

    def effect(done, totals, kept=None):
        def make(c):
            c.observe(c.order(c.n["plan"], c.n["seal"], c.n["backup"]), done, kept)
            c.outcomes(c.n["seal"], totals)

        return make

    eight = {"destroy": 8, "retain": 2}
    kept = {"changed": 2}
    out.twin("S3", "more positions than rows done", ready, effect(8, eight, kept), effect(8, {"destroy": 9, "retain": 1}, kept))
    out.twin("S3", "fewer positions than rows done", ready, effect(8, eight, kept), effect(8, {"destroy": 7, "retain": 3}, kept))

    def ordered_only(observed):
        def make(c):
            order = c.order(c.n["plan"], c.n["seal"], c.n["backup"])
            if observed:
                c.observe(order)
            c.outcomes(c.n["seal"], {"destroy": 10})

        return make

    out.twin("S3", "ordered but not observed", ready, ordered_only(True), ordered_only(False))

    def two_effects(second):
        def make(c):
            for item, rows, total in (("i-1", 4, {"destroy": 4, "retain": 6}), ("i-3", 3, second)):
                c.observe(c.order(c.n["plan"], c.n["seal"], c.n["backup"], rows=rows, item=item), rows)
                c.outcomes(c.n["seal"], total)

        return make

    out.twin("S3", "only effects since the last vector count", ready, two_effects({"destroy": 7, "retain": 3}), two_effects({"destroy": 8, "retain": 2}))

    def grouped(groups):
        def make(c):
            c.observe(c.order(c.n["plan"], c.n["seal"], c.n["backup"], groups=groups))
            c.outcomes(c.n["seal"], {"destroy": 10}, group="g2")

        return make

    two = build("ready", seal={"groups": ["g1", "g2"]})
    out.twin("S3", "an effect on another group does not count", two, grouped(["g1", "g2"]), grouped(["g1"]))

    def anonymised(word):
        def make(c):
            c.observe(_anonymise(c), kind="anonymise")
            c.outcomes(c.n["seal"], {word: 10})

        return make

    out.twin("S3", "anonymised is not destroyed", ready, anonymised("anonymise"), anonymised("destroy"), rule_open=True)
    out.twin("S3", "returned without any effect", sealed, say({"retain": 10}), say({"retain": 9, "return": 1}))
    out.twin("S3", "transferred without a receipt", sealed, say({"retain": 10}), say({"retain": 9, "transfer": 1}))


# --- P


def _p1(out):
    twice = build("sealed")
    twice.n = dict(twice.n)
    twice.n["scan2"] = twice.scan()
    one = twice.copy()
    plan = lambda scan, subjects, seals: lambda c: c.plan(c.n[scan], subjects and c.n[subjects], [c.n[s] for s in seals])  # noqa: E731
    out.twin("P1", "an older inventory", one, plan("scan2", "subjects", ["seal"]), plan("scan", "subjects", ["seal"]))
    out.twin("P1", "subjects left out", one, plan("scan2", "subjects", ["seal"]), plan("scan2", None, ["seal"]))
    twice.n["seal2"] = twice.seal(12)
    twice.n["subjects2"] = twice.subjects([twice.n["seal2"]])
    newest = plan("scan2", "subjects2", ["seal2"])
    out.twin("P1", "older subjects", twice, newest, plan("scan2", "subjects", ["seal2"]))
    out.twin("P1", "an older seal of the data set", twice, newest, plan("scan2", "subjects2", ["seal"]))
    pair = build("scanned", scan={"datasets": 2})
    pair.n |= {"seal": pair.seal(), "other": pair.seal(20, dataset="src1/t2")}
    pair.n["subjects"] = pair.subjects([pair.n["seal"], pair.n["other"]])
    out.twin("P1", "a data set left out", pair, plan("scan", "subjects", ["seal", "other"]), plan("scan", "subjects", ["seal"]))
    late = build("sealed", scan={"datasets": 2})
    late.n["other"] = late.seal(20, dataset="src1/t2")
    out.twin(
        "P1",
        "a seal that no subjects.recorded names yet",
        late,
        plan("scan", "subjects", ["seal"]),
        plan("scan", "subjects", ["seal", "other"]),
        reading="a seal counts as a data set's newest once a subjects.recorded names it",
    )


def _p2(out):
    planned = build("planned")
    ok = lambda c: c.approve(FIRST, c.n["plan"])  # noqa: E731
    say = lambda key=FIRST, **f: lambda c: c.approve(key, c.n["plan"], **f)  # noqa: E731
    out.twin("P2", "the statement names another plan", planned, ok, _changed("plan", doc("another plan")))
    out.twin("P2", "the statement names another consequence", planned, ok, _changed("consequence", doc("another consequence")))
    out.twin("P2", "the statement is of another origin", planned, ok, say(origin="custody/" + "2" * 26))
    out.twin("P2", "the statement is of another case", planned, ok, say(case="c-another"))
    out.twin("P2", "the statement names another key", planned, ok, _changed("key", SECOND.kid))
    out.twin("P2", "the statement says refuse", planned, ok, say(decision="refuse"))
    out.twin("P2", "the statement is of another type", planned, ok, _changed("type", "custody.receiving"))

    def spaced(c):
        s = canonical.write(c.statement(FIRST, c.n["plan"])).replace(b'"v":1', b'"v": 1')
        c.approve(FIRST, c.n["plan"], s=s)

    out.twin("P2", "the statement is not canonical", planned, ok, spaced)
    out.twin("P2", "a member of the statement too many", planned, ok, say(note="x"))

    def signed(how):
        def make(c):
            s = canonical.write(c.statement(FIRST, c.n["plan"]))
            c.approve(FIRST, c.n["plan"], s=s, sig=how(s))

        return make

    out.twin("P2", "signed without PAE", planned, ok, signed(lambda s: sign(FIRST, s)))
    out.twin("P2", "signed by another approver's key", planned, ok, signed(lambda s: sign(SECOND, pae(APPROVAL_TYPE, s))))
    out.twin("P2", "a bit flipped in the signature", planned, ok, signed(lambda s: flip(sign(FIRST, pae(APPROVAL_TYPE, s)), 70)))
    n = planned.n["plan"]
    out.twin("P2", "the head just holds the plan, and just not", planned, say(size=n + 1), say(size=n))
    out.twin("P2", "a root that the ledger never had", planned, ok, say(head={"root": doc("x"), "size": n + 1}))
    out.twin("P2", "a head larger than the tree", planned, ok, say(head={"root": doc("x"), "size": n + 2}))
    nonce = b64url(filler("one nonce"))
    out.twin(
        "P2",
        "a nonce used before",
        planned,
        lambda c: (c.approve(FIRST, c.n["plan"], nonce=nonce), c.approve(SECOND, c.n["plan"])),
        lambda c: (c.approve(FIRST, c.n["plan"], nonce=nonce), c.approve(SECOND, c.n["plan"], nonce=nonce)),
    )
    today = planned.today
    out.twin("P2", "on the day not_after, and a day past it", planned, say(not_after=today), say(not_after=plus_days(today, -1)))
    other = build("planned", opened={"approvals": {"irreversible": {"kinds": ["certificate"], "need": 2}}})
    out.twin("P2", "a kind that the policy does not allow", planned, ok, ok, other)
    revoked = planned.copy()
    revoked.revoke(SECOND)
    out.twin("P2", "an approver whose key was revoked", revoked, ok, say(SECOND), rule_open=True)
    out.twin("P2", "a key that nobody registered", planned, ok, say(THIRD), rule_open=True)
    out.twin(
        "P2",
        "a key that is no approver's",
        planned,
        ok,
        say(COUNSEL),
        rule_open=True,
        reading="only a key of use approver approves",
    )


def _changed(name, value):
    """An approval with one member of the statement replaced, signed anew."""

    def make(c):
        s = c.statement(FIRST, c.n["plan"]) | {name: value}
        c.approve(FIRST, c.n["plan"], s=canonical.write(s))

    return make


def _order(**f):
    return lambda c: c.order(c.n["plan"], c.n["seal"], c.n["backup"], **f)


def _p3(out):
    order = _order()
    ready = build("ready")
    out.twin("P3", "one approval", ready, order, order, build("ready", approvers=[FIRST]))
    out.twin("P3", "no approval", ready, order, order, build("ready", approvers=[]))
    keys = USUAL + [FIRST_AGAIN]
    out.twin(
        "P3",
        "two keys of one person",
        build("ready", keys, approvers=[FIRST_AGAIN, SECOND]),
        order,
        order,
        build("ready", keys, approvers=[FIRST, FIRST_AGAIN]),
    )
    keys = USUAL + [SECOND_OPERATOR, OPERATOR_APPROVES, OPERATOR_2_APPROVES]
    out.twin(
        "P3",
        "one approval by the operator's person, and both by operators",
        build("ready", keys, approvers=[OPERATOR_APPROVES, SECOND]),
        order,
        order,
        build("ready", keys, approvers=[OPERATOR_APPROVES, OPERATOR_2_APPROVES]),
        reading="every holder of a key of use operator is the operator's person",
    )
    three = {"approvals": {"irreversible": {"kinds": ["key"], "need": 3}}}
    out.twin(
        "P3",
        "the policy asks for three",
        build("ready", USUAL + [THIRD], three, approvers=[FIRST, SECOND, THIRD]),
        order,
        order,
        build("ready", USUAL + [THIRD], three),
    )

    def scoped(items):
        c = build("planned")
        for key in (FIRST, SECOND):
            c.approve(key, c.n["plan"], scope=items)
        c.open_run(c.n["plan"])
        c.n["backup"] = c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
        return c

    out.twin("P3", "the item is not in the scope of the approvals", scoped(["i-1", "i-7"]), order, order, scoped(["i-2", "i-7"]))

    def newer(again):
        c = build("approved")
        c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]], name="plan 2")
        if again:
            for key in (FIRST, SECOND):
                c.approve(key, c.n["plan"], plan="plan 2")
        c.open_run(c.n["plan"])
        c.n["backup"] = c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
        return c

    out.twin("P3", "a new plan needs approvals of its own", newer(True), order, order, newer(False), rule_open=True)
    out.twin("P3", "an anonymisation with one approval", ready, _anonymise, _anonymise, build("ready", approvers=[SECOND]))


def _p4(out):
    ready = build("ready")
    order = _order()

    def again(c):
        for key in (FIRST, SECOND):
            c.approve(key, c.n["plan"])

    def new_plan(c):
        c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]], name="plan 2")

    out.twin("P4", "a new plan was made since", ready, order, lambda c: (new_plan(c), order(c)))
    out.twin("P4", "an amendment since, and approved again after it", ready, lambda c: (c.amend(), again(c), order(c)), lambda c: (c.amend(), order(c)))
    three = build("ready", USUAL + [THIRD], approvers=[FIRST, SECOND, THIRD])
    out.twin("P4", "an approver revoked since, and one that is not needed", three, lambda c: (c.revoke(THIRD), order(c)), _after_revoking(order), ready)
    lifted = lambda sets: lambda c: (c.lift(c.hold(datasets=sets)), order(c))  # noqa: E731
    out.twin("P4", "a hold on its data set came and went, and one on another", ready, lifted(["src1/t2"]), lifted(["src1/t1"]))
    out.twin(
        "P4",
        "a hold on everything came and went, and approved again",
        ready,
        lambda c: (c.lift(c.hold(datasets=["*"])), again(c), order(c)),
        lifted(["*"]),
    )


def _after_revoking(order):
    return lambda c: (c.revoke(SECOND), order(c))


def _p5(out):
    ready = build("ready")
    today = ready.today
    out.twin("P5", "a day before not_before", ready, _order(not_before=today), _order(not_before=plus_days(today, 1)))
    out.twin(
        "P5",
        "on not_after, and a day after it",
        ready,
        _order(not_before=plus_days(today, -9), not_after=today),
        _order(not_before=plus_days(today, -9), not_after=plus_days(today, -1)),
    )
    night = ready.copy()
    night.at += 20 * HOUR - (night.at + 8 * HOUR) % DAY + 4 * HOUR  # the next midnight in Asia/Shanghai, 16:00 UTC
    assert night.today == plus_days(today, 1)
    before = night.at - 1
    out.twin(
        "P5",
        "days are the zone's: midnight in Asia/Shanghai, and 1 ms before",
        night,
        _order(not_before=night.today),
        _order(not_before=night.today, more={"at": before}),
    )


def _p6(out):
    ready = build("ready")
    bars = {"gate": "false", "hold": "false", "request": "false", "retention": "false"}
    out.twin("P6", "the demand is unknown", ready, _order(), _order(demand="unknown"))
    out.twin("P6", "the demand is false", ready, _order(), _order(demand="false"))
    for name, value in (("retention", "true"), ("hold", "true"), ("request", "unknown"), ("gate", "unknown")):
        out.twin("P6", f"the bar {name} is {value}", ready, _order(), _order(bars=bars | {name: value}))
    out.twin("P6", "an anonymisation with an unknown bar", ready, _anonymise, lambda c: _anonymise(c, bars=bars | {"retention": "unknown"}))
    waiting = build("waiting")
    shred = lambda **f: lambda c: c.order_shred(c.n["plan"], **f)  # noqa: E731
    out.twin("P6", "a shred without a demand", waiting, shred(), shred(demand="unknown"))
    out.twin("P6", "a shred under a running duty", waiting, shred(), shred(bars=bars | {"retention": "true"}))


def _p7(out):
    planned = build("planned")

    def held(sets, lift=False):
        def make(c):
            hold = c.hold(datasets=sets)
            other = c.hold("h-2", datasets=["src1/t1"]) if lift is None else None
            if lift or lift is None:
                c.lift(hold)
            for key in (FIRST, SECOND):
                c.approve(key, c.n["plan"])
            c.open_run(c.n["plan"])
            c.n = c.n | {"backup": c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])}
            _order()(c)
            return other

        return make

    out.twin("P7", "a hold on its data set", planned, held(["src1/t2"]), held(["src1/t1"]))
    out.twin("P7", "a hold on everything", planned, held(["*"], True), held(["*"]))
    out.twin("P7", "two holds, one of them lifted", planned, held(["src1/t1"], True), held(["src1/t1"], None))
    waiting = build("waiting")

    def shred(sets):
        def make(c):
            c.hold(datasets=sets)
            for key in (FIRST, SECOND):
                c.approve(key, c.n["plan"])
            c.order_shred(c.n["plan"])

        return make

    out.twin(
        "P7",
        "a shred while a hold is on what the archive holds",
        waiting,
        shred(["src1/t2"]),
        shred(["src1/t1"]),
        reading="a hold covers a shred when it covers a data set of the archive's backup",
    )


# --- B, E, C


def _b(out):
    approved = build("approved")
    approved.open_run(approved.n["plan"])
    seal = approved.n["seal"]
    ok = lambda c: c.backup([seal], 10, [root_of(seal)])  # noqa: E731
    for name, facts in (
        ("a row not written", {"rows_written": 9}),
        ("a row not restored", {"rows_restored": 9}),
        ("a row restored and not equal", {"rows_equal": 9}),
        ("all three agree, but not with the seal", {"rows_equal": 9, "rows_restored": 9, "rows_written": 9}),
        ("another root", {"restored_root": doc("x")}),
        ("the bare root of the only seal", {"restored_root": root_of(seal)}),
    ):
        out.twin("B1", name, approved, ok, lambda c, facts=facts: c.backup([seal], 10, [root_of(seal)], **facts))
    pair = build("scanned", scan={"datasets": 2})
    a, b = pair.seal(), pair.seal(20, dataset="src1/t2")
    pair.subjects([a, b])
    both = [root_of(a), root_of(b)]
    out.twin("B1", "two seals: the roots in the wrong order", pair, lambda c: c.backup([a, b], 30, both), lambda c: c.backup([a, b], 30, both[::-1]))
    out.twin("B1", "two seals: the rows of one of them", pair, lambda c: c.backup([a, b], 30, both), lambda c: c.backup([a, b], 20, both))

    ready = build("ready")
    bare = lambda **f: lambda c: c.order(c.n["plan"], c.n["seal"], **f)  # noqa: E731
    out.twin("B2", "neither a backup nor a waiver", ready, _order(), bare())

    def other_seal(right):
        c = build("scanned", scan={"datasets": 2})
        c.n["seal"], other = c.seal(), c.seal(20, dataset="src1/t2")
        c.n["subjects"] = c.subjects([c.n["seal"], other])
        c.close_run()
        c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"], other])
        for key in (FIRST, SECOND):
            c.approve(key, c.n["plan"])
        c.open_run(c.n["plan"])
        of, rows = (c.n["seal"], 10) if right else (other, 20)
        c.n["backup"] = c.backup([of], rows, [root_of(of)])
        return c

    out.twin("B2", "the backup of another seal", other_seal(True), _order(), _order(), other_seal(False))

    def waived(kind):
        c = build("approved")
        signers = sorted([FIRST, SECOND], key=lambda k: k.kid) if kind == "backup_waiver" else [OPERATOR]
        c.n["waiver"] = c.act(kind, signers)
        c.open_run(c.n["plan"])
        return c

    by_waiver = lambda c: c.order(c.n["plan"], c.n["seal"], waiver_n=c.n["waiver"])  # noqa: E731
    out.twin(
        "B2",
        "a waiver, and an act that is none",
        waived("backup_waiver"),
        by_waiver,
        by_waiver,
        waived("visit"),
        reading="a backup_waiver is signed by two approvers in place of the operator; actor is the first by kid",
    )
    archive = build("ready", seal={"copy": "ar-9"})
    out.twin(
        "B2",
        "a copy in an archive needs no backup, the live copy does",
        archive,
        bare(copy="ar-9"),
        bare(),
        ready,
        reading="a copy other than live is an archive",
    )

    def days(count):
        def make(c):
            c.close_run()
            c.wait(count * DAY)
            c.open_run(c.n["plan"])
            c.order_shred(c.n["plan"])

        return make

    destroyed = build("destroyed")
    out.twin("B3", "on the last day of the safety window's end, and a day early", destroyed, days(30), days(29))
    longer = destroyed.copy()
    longer.amend()
    for key in (FIRST, SECOND):
        longer.approve(key, longer.n["plan"])
    out.twin("B3", "the safety window was amended to 45 days", longer, days(45), days(44))
    later = build("ready")
    for item in ("i-1", "i-3"):
        order = later.order(later.n["plan"], later.n["seal"], later.n["backup"], rows=5, item=item)
        later.observe(order, 5)
        later.close_run()
        later.wait(5 * DAY)
        later.open_run(later.n["plan"])
    later.outcomes(later.n["seal"], {"destroy": 10})
    out.twin("B3", "the last of two destructions counts", later, days(25), days(20))


def _e1(out):
    ready = build("ready")

    def counts(done, kept=None, excluded=0):
        return lambda c: c.observe(_order(excluded=excluded)(c), done, kept)

    out.twin("E1", "done, kept and excluded are the rows, and one short", ready, counts(6, {"changed": 1, "held": 2}, 1), counts(6, {"changed": 1, "held": 2}))
    out.twin("E1", "one row more than ordered", ready, counts(10), counts(11))
    out.twin("E1", "rows kept are not counted twice", ready, counts(8, {"changed": 2}), counts(10, {"changed": 2}))

    def twice(c):
        order = _order()(c)
        c.observe(order)
        c.observe(order)

    out.twin("E1", "observed twice", ready, counts(10), twice)

    def two(second):
        return lambda c: (_order(rows=5)(c), _order(rows=5, item=second)(c))

    out.twin("E1", "two open orders of one item and copy", ready, two("i-3"), two("i-1"))
    out.twin("E1", "ordered again after it was observed, and before", ready, _again(True), _again(False))
    waiting = build("waiting")

    def shredded(times):
        def make(c):
            order = c.order_shred(c.n["plan"])
            for _ in range(times):
                c.observe_shred(order)

        return make

    out.twin("E1", "a shred observed twice", waiting, shredded(1), shredded(2))


def _again(observed):
    def make(c):
        order = _order(rows=5)(c)
        if observed:
            c.observe(order, 5)
        _order(rows=5)(c)

    return make


def _e2(out):
    ready = build("ready")
    good = column(2, "L3", asked=1000, found=999, live=1500)

    def look(level, columns=None, scan="after", **facts):
        def make(c):
            early = c.scan() if scan == "before" else None
            order = _order()(c)
            scan_n = c.scan() if scan == "after" else early
            more = facts if scan_n is None else facts | {"scan_n": scan_n}
            c.observe(order, level=level, columns=columns, **more)

        return make

    out.twin("E2", "level 2 needs a scan", ready, look("L2"), look("L2", scan=None))
    out.twin("E2", "level 2 needs a scan after the order", ready, look("L2"), look("L2", scan="before"))
    out.twin("E2", "level 1 needs none, level 2 does", ready, look("L1", scan=None), look("L2", scan=None))
    pair = lambda other: [column(1, "L2"), column(2, other)]  # noqa: E731
    out.twin("E2", "more than the least column", ready, look("L2", pair("L2")), look("L2", pair("L1")))
    by_hand = build("ready", source={"cap": "L1", "reach": "by_hand"})
    script = build("ready", source={"cap": "L2", "reach": "script"})
    out.twin("E2", "more than the cap of the source", script, look("L2"), look("L2"), by_hand)
    out.twin(
        "E2",
        "level 3 at 99.9 % recall, and just below",
        ready,
        look("L3", [good]),
        look("L3", [good | {"found": 998}]),
    )
    out.twin("E2", "level 3 with a value still found", ready, look("L3", [good]), look("L3", [good | {"hits": 1}]))
    out.twin("E2", "level 3 with a sample of 999 out of 1,500", ready, look("L3", [good]), look("L3", [good | {"asked": 999}]))
    few = column(2, "L3", asked=12, found=12, live=12)
    out.twin("E2", "level 3: all of a few values are asked", ready, look("L3", [few]), look("L3", [few | {"asked": 11, "found": 11}]))
    out.twin("E2", "level 3 with bytes unread", ready, look("L3", [good], bytes_searched=8192), look("L3", [good], bytes_searched=8192, bytes_unread=1))
    out.twin(
        "E2",
        "nothing is out of scope",
        ready,
        look("L1"),
        look("L1", out_of_scope=[]),
        reading="out_of_scope is present when it names something: no search sees everything",
    )


# --- hand-overs


def sharing(agreed=True, backup=True, approvers=(FIRST, SECOND), run=None, **more):
    """Approved, an agreement signed with the recipient, a run open that may hand over."""
    c = build("approved", USUAL + [RECIPIENT, RIVAL], approvers=approvers, **more)
    if agreed:
        c.n["agreement"] = c.agree()
    c.open_run(c.n["plan"], **({"steps": HANDING} | (run or {})))
    if backup:
        c.n["backup"] = c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
    return c


def _hand(**f):
    return lambda c: c.hand_over(c.n["plan"], c.n["seal"], c.n["agreement"], **f)


def _given(c, done=10, kept=None, **f):
    """A package ordered and written; gives its order."""
    order = _hand(**f)(c)
    c.handed_over(order, done, kept)
    return order


def _settle(about=("pk-1",), evidence=(paper("settlement"),)):
    return lambda c: c.act("dispute_settled", [OPERATOR], about, evidence)


MISSING = [{"dataset": "src1/t1", "kind": "missing", "rows": 2}]


def _e3(out):
    _e3_agreements(out)
    _e3_orders(out)
    _e3_receipts(out)
    _e3_destroying(out)
    _e3_disputes(out)


def _e3_agreements(out):
    bare = sharing(agreed=False)
    agree = lambda *a, **f: lambda c: c.agree(*a, **f)  # noqa: E731
    out.twin("E3", "an agreement without evidence", bare, agree(), agree(evidence=[]), rule_open=True)
    today = bare.today
    out.twin(
        "E3",
        "an agreement of one day, and one that ends before it begins",
        bare,
        agree(**{"to": today}),
        agree(**{"to": plus_days(today, -1)}),
        reading="an agreement that ends before it begins is none",
    )
    out.twin("E3", "an agreement with somebody without a key", bare, agree(), agree(Key("recipient", "nobody")), reading="party is the person of a key in force")

    def under(*a, key=RECIPIENT, hand=None, **f):
        def make(c):
            c.hand_over(c.n["plan"], c.n["seal"], c.agree(*a, **f), key, **(hand or {}))

        return make

    last, first = {"from": plus_days(today, -9), "to": today}, {"from": today, "to": plus_days(today, 9)}
    out.twin("E3", "a hand-over on the agreement's last day, and a day after it", bare, under(**last), under(**(last | {"to": plus_days(today, -1)})))
    out.twin("E3", "a hand-over on the agreement's first day, and a day before it", bare, under(**first), under(**(first | {"from": plus_days(today, 1)})))
    out.twin("E3", "a hand-over to another than the agreement's party", bare, under(RIVAL, key=RIVAL), under(RIVAL))
    out.twin("E3", "a hand-over under a processor's agreement", bare, under(), under(role="processor"), reading="only role recipient makes a recipient")
    out.twin("E3", "a hand-over under a keeper's agreement", bare, under(), under(role="keeper"), reading="only role recipient makes a recipient")

    def replaced(newer):
        def make(c):
            old = c.agree()
            new = c.agree()
            c.hand_over(c.n["plan"], c.n["seal"], new if newer else old)

        return make

    out.twin(
        "E3",
        "a hand-over under an agreement that was signed anew",
        bare,
        replaced(True),
        replaced(False),
        reading="a later agreement of the same id takes its place",
    )


def _e3_orders(out):
    c = sharing()
    out.twin("E3", "a recipient that nobody registered", c, _hand(), _hand(key=same_person(Key("recipient", "unregistered"), RECIPIENT)))
    other = same_person(Key("approver", "approver that is the recipient"), RECIPIENT)
    both = lambda key: lambda c: (c.register(other), _hand(key=key)(c))  # noqa: E731
    out.twin("E3", "the party's key, but an approver's", c, both(RECIPIENT), both(other), reading="recipient is a key of use recipient")
    out.twin("E3", "a recipient whose key was revoked", c, lambda c: (c.revoke(RIVAL), _hand()(c)), lambda c: (c.revoke(RECIPIENT), _hand()(c)))
    new = same_person(Key("recipient", "recipient, next key"), RECIPIENT)
    rotated = lambda key: lambda c: (c.rotate(RECIPIENT, new), _hand(key=key)(c))  # noqa: E731
    out.twin("E3", "the recipient's new key, and the one that it replaced", c, rotated(new), rotated(RECIPIENT))

    def second(package):
        def make(c):
            _hand(rows=4)(c)
            other = c.agree(RIVAL, "ag-2")
            c.hand_over(c.n["plan"], c.n["seal"], other, RIVAL, package, "i-6", rows=4)

        return make

    out.twin("E3", "one package for two recipients", c, second("pk-2"), second("pk-1"), reading="a package has one recipient")

    def more(package):
        def make(c):
            c.receive(_given(c, 4, rows=4), rows=4)
            _hand(rows=4, item="i-6", package=package)(c)

        return make

    out.twin("E3", "an order into a package that was received", c, more("pk-2"), more("pk-1"), reading="what was received does not grow")


def _e3_receipts(out):
    c = sharing()
    c.n["order"] = _given(c)
    got = lambda **f: lambda c: c.receive(c.n["order"], **f)  # noqa: E731
    ok = got()
    out.twin("E3", "a receipt by another recipient's key", c, ok, got(key=RIVAL))
    signed = lambda how, key=RECIPIENT: lambda c: _with_sig(c, how, key)  # noqa: E731
    out.twin("E3", "a receipt signed by another's key in the recipient's name", c, ok, signed(lambda s: sign(RIVAL, pae(RECEIVING_TYPE, s))))
    out.twin("E3", "a receipt signed as if it were an approval", c, ok, signed(lambda s: sign(RECIPIENT, pae(APPROVAL_TYPE, s))))
    out.twin("E3", "a receipt with a bit flipped in its signature", c, ok, signed(lambda s: flip(sign(RECIPIENT, pae(RECEIVING_TYPE, s)), 70)))
    nine = canonical.write(c.receiving(rows=9, nonce=b64url(filler("another statement"))))
    out.twin("E3", "a receipt with the signature of another statement", c, ok, got(sig=sign(RECIPIENT, pae(RECEIVING_TYPE, nine))))
    out.twin("E3", "a receipt whose key is revoked by then", c, ok, lambda c: (c.revoke(RECIPIENT), ok(c)), rule_open=True)
    out.twin("E3", "a receipt whose alg is not the register's", c, ok, got(facts={"alg": "ed448"}), rule_open=True)
    out.twin("E3", "a receipt of another case", c, ok, got(case="c-another"))
    out.twin("E3", "a receipt of another origin", c, ok, got(origin="custody/" + "2" * 26))

    def names(member, value):
        return lambda c: c.receive(c.n["order"], s=canonical.write(c.receiving() | {member: value}))

    out.twin("E3", "a receipt whose statement names another key", c, ok, names("key", RIVAL.kid))
    out.twin("E3", "a receipt whose statement names another package", c, ok, names("package", "pk-2"))
    out.twin("E3", "a receipt whose statement has another root", c, ok, names("root", doc("x")))
    out.twin("E3", "a receipt whose statement has other rows", c, ok, names("rows", 9))
    out.twin("E3", "a receipt whose statement names a difference that the entry does not count", c, ok, names("differences", MISSING))
    out.twin("E3", "a receipt whose statement is an approval", c, ok, names("type", "custody.approval"))
    out.twin("E3", "a receipt with a member of the statement too many", c, ok, names("note", "x"))
    out.twin(
        "E3",
        "a receipt whose statement is not canonical",
        c,
        ok,
        lambda c: c.receive(c.n["order"], s=canonical.write(c.receiving()).replace(b'"v":1', b'"v": 1')),
    )
    out.twin("E3", "a receipt of a package that nobody ordered", c, ok, got(package="pk-2"), rule_open=True)

    two = sharing()
    two.n["order"] = _given(two, 4, rows=4)
    two.n["second"] = _given(two, 3, rows=3, item="i-6", package="pk-2")
    both = lambda order, **f: lambda c: c.receive(c.n[order], package="pk-2", rows=3, **f)  # noqa: E731
    out.twin("E3", "a receipt that names the order of another package", two, both("second"), both("order"))
    nonce = b64url(filler("one nonce of receipts"))
    first = lambda c: c.receive(c.n["order"], rows=4, nonce=nonce)  # noqa: E731
    out.twin(
        "E3",
        "a receipt with a nonce used before",
        two,
        lambda c: (first(c), both("second")(c)),
        lambda c: (first(c), both("second", nonce=nonce)(c)),
    )
    out.twin("E3", "a package received twice", two, lambda c: (first(c), both("second")(c)), lambda c: (first(c), c.receive(c.n["order"], rows=4)))
    out.twin("E3", "other rows and a difference, and other rows and none", c, got(rows=8, differences=MISSING), got(rows=8))

    def kept(rows):
        return lambda c: c.receive(_given(c, 8, {"changed": 2}), rows=rows)

    out.twin("E3", "the rows done are received, not the rows ordered", sharing(), kept(8), kept(10), reading="rows ordered less those kept back")

    def parts(seen):
        def make(c):
            first = _given(c, 4, rows=4)
            second = _hand(rows=3, item="i-6")(c)
            if seen:
                c.handed_over(second, 3)
            c.receive(first, rows=7)

        return make

    out.twin("E3", "a receipt of a package whose second order was not observed", sharing(), parts(True), parts(False), reading="observed before received")


def _with_sig(c, how, key):
    s = canonical.write(c.receiving(key))
    c.receive(c.n["order"], key, s=s, sig=how(s))


def _e3_destroying(out):
    c = sharing()

    def then(act, settle=lambda c, order: None, done=10, kept=None, **f):
        def make(c):
            settle(c, _given(c, done, kept, **f))
            act(c)

        return make

    got = lambda c, order: c.receive(order)  # noqa: E731
    disputed = lambda c, order: c.receive(order, rows=8, differences=MISSING)  # noqa: E731
    destroy = _order()
    out.twin("E3", "a source is destroyed whose package was not received", c, then(destroy, got), then(destroy))
    out.twin("E3", "a source is destroyed while its package is ordered and not observed", c, then(destroy, got), lambda c: (_hand()(c), destroy(c)))
    out.twin(
        "E3",
        "a source is anonymised whose package was not received",
        c,
        then(_anonymise, got),
        then(_anonymise),
        reading="what is anonymised is gone as well",
    )
    out.twin(
        "E3",
        "a source is destroyed whose package was received with a difference that is not settled",
        c,
        then(destroy, lambda c, order: (disputed(c, order), _settle()(c))),
        then(destroy, disputed),
    )
    out.twin(
        "E3",
        "a source is destroyed whose package was withdrawn, and one of which a row had left",
        c,
        then(destroy, done=0, kept={"withdrawn": 10}),
        then(destroy, done=1, kept={"withdrawn": 9}),
        reading="a package of which nothing left is settled",
    )

    def of_two(other):
        c = build("scanned", USUAL + [RECIPIENT, RIVAL], scan={"datasets": 2})
        c.n |= {"seal": c.seal(), "other": c.seal(10, dataset="src1/t2")}
        c.n["subjects"] = c.subjects([c.n["seal"], c.n["other"]])
        c.close_run()
        c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"], c.n["other"]])
        for key in (FIRST, SECOND):
            c.approve(key, c.n["plan"])
        agreement = c.agree()
        c.open_run(c.n["plan"], steps=HANDING)
        c.n["backup"] = c.backup([c.n["seal"], c.n["other"]], 20, [root_of(c.n["seal"]), root_of(c.n["other"])])
        f = {"dataset": "src1/t2"} if other else {}
        c.handed_over(c.hand_over(c.n["plan"], c.n["other" if other else "seal"], agreement, **f))
        return c

    out.twin("E3", "an unsettled package of another data set does not count", of_two(True), destroy, destroy, of_two(False))

    def anew(received):
        """Handed over from one seal, scanned, sealed, planned again, destroyed from the next."""
        c = sharing(backup=False)
        order = _given(c)
        if received:
            c.receive(order)
        c.n["scan"] = c.scan()
        c.n["seal"] = c.seal()
        c.n["subjects"] = c.subjects([c.n["seal"]])
        c.close_run()
        c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]], name="plan 2")
        for key in (FIRST, SECOND):
            c.approve(key, c.n["plan"], plan="plan 2")
        c.open_run(c.n["plan"], steps=HANDING)
        c.n["backup"] = c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
        return c

    out.twin(
        "E3",
        "sealed anew, an unsettled package still counts",
        anew(True),
        destroy,
        destroy,
        anew(False),
        reading="rows are those of the data set, whatever the seal",
    )


def _e3_disputes(out):
    c = sharing()
    c.n["order"] = _given(c, 4, rows=4)
    c.receive(c.n["order"], rows=2, differences=MISSING)
    settle = _settle()
    out.twin("E3", "a dispute settled that names no package", c, settle, _settle(["src1/t1"]))
    out.twin("E3", "a dispute settled of a package that nobody ordered", c, settle, _settle(["pk-9"]))
    out.twin("E3", "a dispute settled without evidence", c, settle, _settle(evidence=[]))
    out.twin("E3", "a dispute settled twice", c, settle, lambda c: (settle(c), settle(c)))

    def second(observed):
        def make(c):
            order = _hand(rows=4, item="i-6", package="pk-2")(c)
            if observed:
                c.handed_over(order, 4)
            _settle(["pk-2"])(c)

        return make

    out.twin("E3", "a package settled without a receipt, and one that was not observed", c, second(True), second(False))
    closed, withdrawn, early, open_item = sharing(), sharing(), sharing(), sharing()
    _given(closed, 4, rows=4)
    settle(closed)
    _given(withdrawn, 0, {"withdrawn": 4}, rows=4)
    more = [_hand(rows=4, item="i-6", **f) for f in ({"package": "pk-2"}, {})]
    out.twin("E3", "an order into a settled package", closed, *more)
    out.twin("E3", "an order into a package that was withdrawn", withdrawn, *more)
    _given(early, 4, rows=4)
    later = _hand(rows=4, item="i-6", package="pk-2")(early)
    _settle(["pk-1", "pk-2"])(early)
    early.handed_over(later, 4)
    destroy = _order()
    out.twin("E3", "a package named as settled before it was observed", early, lambda c: (_settle(["pk-2"])(c), destroy(c)), destroy)
    destroy(open_item)
    out.twin("E1", "a hand-over of an item whose destruction is open", open_item, _hand(item="i-5"), _hand(item="i-1"))
    received = sharing()
    received.receive(_given(received))
    out.twin("E3", "a dispute settled of a package received as it was", c, settle, settle, received)


def _handed(out):
    """The other rules, where they meet a hand-over."""
    c, bare = sharing(), sharing(agreed=False)
    ok = _hand()
    agree = lambda **f: lambda c: c.agree(**f)  # noqa: E731
    out.twin("F1", "an agreement of a role that does not exist", bare, agree(), agree(role="buyer"))
    given = c.copy()
    given.n = c.n | {"order": _given(given)}
    got = lambda **f: lambda c: c.receive(c.n["order"], **f)  # noqa: E731
    out.twin("F1", "a receipt without its root", given, got(), lambda c: c.add("receipt.received", _less("root", c), [OPERATOR]))
    out.twin("F3", "a hand-over under an agreement that is a scan", c, ok, lambda c: c.hand_over(c.n["plan"], c.n["seal"], c.n["scan"]))
    corrected = lambda name: lambda c: (c.correct(c.n[name]), ok(c))  # noqa: E731
    out.twin("F3", "a hand-over under a corrected agreement", c, corrected("source"), corrected("agreement"))
    out.twin("F3", "a hand-over observed for an order to destroy", c, lambda c: c.handed_over(ok(c)), lambda c: c.handed_over(_order()(c)))
    out.twin("F3", "a receipt for an order that is an observation", given, got(), lambda c: c.receive(c.n["order"] + 1))
    closed = build("scanned", USUAL + [RECIPIENT])
    closed.close_run()
    closed.close()
    out.twin("F4", "an agreement after closing", closed, lambda c: c.dossier(), agree())
    out.twin("K1", "an agreement recorded by counsel", bare, agree(), agree(signers=[COUNSEL]))
    out.twin("K1", "a receipt recorded by the recipient", given, got(), got(signers=[RECIPIENT]))
    out.twin("K1", "a hand-over ordered by the operator", c, ok, _hand(signers=[OPERATOR]), rule_open=True)
    steps = [s for s in HANDING if s != "hand_over"]
    out.twin("K3", "a hand-over by a run without that step", c, ok, ok, sharing(run={"steps": steps}))

    def totals(word):
        def make(c):
            got()(c)
            c.outcomes(c.n["seal"], {word: 10})

        return make

    out.twin("S3", "transferred by the receipt of a copy", given, totals("retain"), totals("transfer"), reading="the medium of a copy stays where it was")
    out.twin("P3", "a hand-over with one approval", c, ok, ok, sharing(approvers=[FIRST]))
    amended = lambda c: (c.amend(), ok(c))  # noqa: E731
    out.twin("P4", "a hand-over after an amendment", c, ok, amended)
    today = c.today
    nine = plus_days(today, -9)
    out.twin("P5", "a hand-over on not_after, and a day after it", c, _hand(not_before=nine, not_after=today), _hand(not_before=nine, not_after=plus_days(today, -1)))
    bars = {"gate": "false", "hold": "false", "request": "false", "retention": "false"}
    out.twin("P6", "a hand-over with an unknown bar", c, ok, _hand(bars=bars | {"gate": "unknown"}))
    out.twin("P6", "a hand-over without a demand", c, ok, _hand(demand="unknown"))

    def held(sets):
        def make(c):
            c.hold(datasets=sets)
            for key in (FIRST, SECOND):
                c.approve(key, c.n["plan"])
            ok(c)

        return make

    out.twin("P7", "a hand-over while a hold is on its data set", c, held(["src1/t2"]), held(["src1/t1"]))
    seen = lambda done=10, kept=None, excluded=0, **f: lambda c: c.handed_over(_hand(excluded=excluded)(c), done, kept, **f)  # noqa: E731
    out.twin("E1", "a hand-over: done, kept and excluded are the rows, and one short", c, seen(7, {"changed": 2}, 1), seen(7, {"changed": 2}))
    out.twin("E1", "a hand-over of one row more than ordered", c, seen(), seen(11))
    again = lambda c: c.handed_over(c.n["order"])  # noqa: E731
    out.twin("E1", "a hand-over observed twice", given, got(), again)
    two = lambda item: lambda c: (_hand(rows=4)(c), _hand(rows=4, item=item)(c))  # noqa: E731
    out.twin("E1", "two open hand-overs of one item and copy", c, two("i-6"), two("i-5"))
    level = "a hand-over erases nothing: its level is L0, and no column has one"
    out.twin("E2", "a hand-over of a level above L0", c, seen(), seen(level="L1"), reading=level)
    out.twin("E2", "a hand-over that looked for columns", c, seen(), seen(columns=[column(1, "L0")]), reading=level)
    out.twin("E2", "a hand-over with nothing out of scope", c, seen(), seen(out_of_scope=[]), reading="as for a destruction")


def _less(name, c):
    other = c.copy()
    other.receive(c.n["order"])
    return {k: v for k, v in json.loads(other.lines[-1])["facts"].items() if k != name}


ARCHIVES = [{"archive": "ar-1", "end": "shredded"}]


def _c1(out):
    scanned = build("scanned")

    def closing(before=lambda c: None, archives=(), run=False):
        def make(c):
            before(c)
            if c.run and not run:
                c.close_run()
            c.close(archives)

        return make

    out.twin("C1", "a run is open", scanned, closing(), closing(run=True))
    out.twin("C1", "a hold is open", scanned, closing(lambda c: c.lift(c.hold())), closing(lambda c: c.hold()))
    out.twin("C1", "something was not read", scanned, closing(), closing(), build("scanned", scan={"unread": 1}))
    again = build("scanned", scan={"unread": 1})
    out.twin("C1", "only the newest scan counts", again, closing(lambda c: c.scan()), closing(lambda c: c.scan(unread=2)))
    kept = build("planned", plan={"irreversible": 0})
    kept.open_run(kept.n["plan"])
    kept.outcomes(kept.n["seal"], {"retain": 10})
    open_plan = build("planned", plan={"irreversible": 0, "undecided": 1})
    open_plan.open_run(open_plan.n["plan"])
    open_plan.outcomes(open_plan.n["seal"], {"retain": 10})
    out.twin("C1", "the plan has something undecided", kept, closing(), closing(), open_plan)
    shredded = build("shredded")
    destroyed = build("destroyed")
    all_shredded = closing(archives=ARCHIVES)
    out.twin("C1", "an archive that was not shredded", shredded, all_shredded, all_shredded, destroyed)
    out.twin("C1", "an archive that is not listed", shredded, all_shredded, closing())
    out.twin(
        "C1",
        "an archive kept without a keeper's agreement",
        shredded,
        all_shredded,
        closing(archives=[{"archive": "ar-1", "end": "kept", "until": "2029-12-31"}]),
        destroyed,
        reading="without agreement.signed in the chain no archive can be kept",
    )

    approved = build("approved")

    def anonymise_then_close(observe):
        def make(c):
            c.open_run(c.n["plan"])
            order = _anonymise(c)
            if observe:
                c.observe(order, kind="anonymise")
                c.outcomes(c.n["seal"], {"anonymise": 10})
            c.close_run()
            c.close()

        return make

    out.twin("C1", "tasks are open", scanned, closing(), lambda c: (c.close_run(), c.close(open_tasks=1)), reading="open_tasks is 0")
    packs = lambda *kinds: closing(lambda c: [c.act(kind, [OPERATOR], [place]) for kind, place in kinds])  # noqa: E731
    refused, taken = ("pack_refused", "src1"), ("pack_imported", "src1")
    reading = "a source whose last pack was refused is unread"
    out.twin("C1", "a pack was refused and none imported since", scanned, packs(refused, taken), packs(refused), reading=reading)
    out.twin("C1", "a pack was imported and one refused since", scanned, packs(refused, taken), packs(taken, refused), reading=reading)
    out.twin("C1", "a pack was refused and one of another source imported", scanned, packs(refused, taken), packs(refused, ("pack_imported", "src2")), reading=reading)

    def share_then_close(end, done=10, kept=None):
        def make(c):
            end(c, _given(c, done, kept))
            c.outcomes(c.n["seal"], {"retain": 10})
            c.close_run()
            c.close()

        return make

    shared, open_package = sharing(backup=False), "a package that is not settled is open"
    nothing = lambda c, order: None  # noqa: E731
    got = lambda c, order: c.receive(order)  # noqa: E731
    disputed = lambda c, order: c.receive(order, rows=8, differences=MISSING)  # noqa: E731
    settled = lambda c, order: (disputed(c, order), _settle()(c))  # noqa: E731
    out.twin("C1", "a package was not received", shared, share_then_close(got), share_then_close(nothing), reading=open_package)
    out.twin("C1", "a package received with a difference, settled and not", shared, share_then_close(settled), share_then_close(disputed), reading=open_package)
    withdrawn = share_then_close(nothing, 0, {"withdrawn": 10})
    out.twin("C1", "a package was withdrawn, and one but for a row", shared, withdrawn, share_then_close(nothing, 1, {"withdrawn": 9}), reading=open_package)
    out.twin("C1", "an order is open", approved, anonymise_then_close(True), anonymise_then_close(False))


def _c3(out):
    closed = build("scanned")
    closed.close_run()
    closed.close()
    reading = "these lines are one dossier: there dossier.made is the chain's last line"
    out.twin("C3", "a line after dossier.made", closed, lambda c: c.dossier(), lambda c: (c.dossier(), c.dossier()), reading=reading)
    opened = build("opened")
    keeper = Key("keeper")
    last = lambda c: c.add("ledger.closed", {"size": c.next, "successor": keeper.kid}, [OPERATOR])  # noqa: E731
    out.twin(
        "C3",
        "a line after ledger.closed",
        opened,
        last,
        lambda c: (last(c), c.answer()),
        reading="ledger.closed stands in a case's chain, since this version opens no chain of an organisation",
    )
