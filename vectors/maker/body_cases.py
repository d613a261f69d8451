"""Vector 20: whole small chains, some of whose entries have bodies, and the state that follows without them."""

import json

from . import admit, canonical, fold
from .chain import COUNSEL, DAY, FIRST, HANDING, OPERATOR, RECIPIENT, SECOND, THIRD, USUAL, Chain, opened_facts, paper, root_of, same_person
from .people import Key
from .primitives import keyed, unb64url_strict

ABOUT = (
    "lines is a whole chain as text, all of it admitted, tree index = n. bodies: for some of the lines, as in bodies.jsonl: body is "
    "the text whose UTF-8 bytes are committed to, bc of entry n = K(salt, body, those bytes). state is what follows from the "
    "lines alone, after the last: next n; closed; orders not observed; holds not lifted; kids of the register in force (of "
    "case.opened, registered and rotated to; not revoked, not rotated away; run keys are not in it), sorted; rows by n of the "
    "seal; n of the newest plan.made or -1; by n of the backup whether its archive was shredded; by seal n and group the "
    "newest totals that are not zero. A reader with the bodies and one without get the same state."
)


def cases():
    given = [
        ("destroyed, shredded, closed, dossier made", _destroyed()),
        ("the same up to an open order", _ordered()),
        ("two holds placed and lifted", _holds(2)),
        ("two holds placed, one lifted", _holds(1)),
        ("answers by operator and counsel, an opinion", _answers()),
        ("a delta seal takes rows over", _delta()),
        ("keys registered, rotated and revoked", _keys()),
        ("an amendment, a new plan, approved again, anonymised", _amended()),
        ("handed over, received with a difference, settled, destroyed, closed", _handed(settled=True)),
        ("handed over and not received, another package withdrawn", _handed(settled=False)),
    ]
    return [_case(name, chain) for name, chain in given]


def _case(name, chain):
    admit.check(chain.lines)
    assert chain.bodies
    entries = [json.loads(line) for line in chain.lines]
    assert [b["n"] for b in chain.bodies] == [e["n"] for e in entries if "bc" in e]
    for b in chain.bodies:
        data = b["body"].encode("utf-8")
        canonical.read(data, "document")
        assert keyed(unb64url_strict(b["salt"]), "body", data).hex() == entries[b["n"]]["bc"]
    return {"name": name, "lines": chain.text(), "bodies": chain.bodies, "state": fold.state(chain.lines)}


def _start():
    c = Chain(open_case=False)
    persons = {"persons": [{"name": "\u5f20\u4e09", "person": OPERATOR.person}, {"name": "\u674e\u56db", "person": FIRST.person}]}
    c.add("case.opened", opened_facts(USUAL), [OPERATOR], body=persons)
    c.source(body={"name": "\u5ba2\u6237\u5e93", "note": "\u53ea\u8bfb\u526f\u672c\n"})
    return c


def _sealed(rows=10, groups=("g1",)):
    c = _start()
    c.n = {"run": c.open_run()}
    c.n["scan"] = c.scan()
    c.n["seal"] = c.seal(rows, groups=groups, more={"body": {"table": "\u5ba2\u6237 2019"}})
    c.n["subjects"] = c.subjects([c.n["seal"]])
    return c


def _approve(c, plan="plan"):
    for key, why in ((FIRST, "\u4fdd\u7ba1\u671f\u5df2\u6ee1"), (SECOND, "retention is over, \"all\" of it")):
        c.approve(key, c.n["plan"], plan=plan, more={"body": {"reason": why}})


def _ordered():
    c = _sealed(groups=("g1", "g2"))
    c.close_run()
    c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]])
    _approve(c)
    c.open_run(c.n["plan"])
    c.outcomes(c.n["seal"], {"undecided": 10})
    c.n["backup"] = c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
    c.n["order"] = c.order(c.n["plan"], c.n["seal"], c.n["backup"], groups=["g1", "g2"])
    return c


def _destroyed():
    c = _ordered()
    scan = c.scan()
    c.observe(c.n["order"], 8, {"changed": 2}, level="L2", scan_n=scan, more={"body": {"kept": "\u4e24\u884c\u5df2\u53d8\u66f4"}})
    for group in ("g1", "g2"):
        c.outcomes(c.n["seal"], {"destroy": 8, "retain": 2}, group=group)
    c.close_run()
    c.wait(30 * DAY)
    c.open_run(c.n["plan"])
    c.observe_shred(c.order_shred(c.n["plan"]))
    c.close_run()
    c.close([{"archive": "ar-1", "end": "shredded"}], body={"note": "\u6848\u4ef6\u7ed3\u675f"})
    c.dossier()
    return c


def _holds(lifted):
    c = _sealed()
    c.close_run()
    first = c.hold("h-1", ["src1/t1"], body={"court": "\u67d0\u5e02\u4e2d\u7ea7\u4eba\u6c11\u6cd5\u9662"})
    second = c.hold("h-2", ["*"], signers=[OPERATOR])
    c.lift(first, body={"why": "\u88c1\u5b9a\u89e3\u9664"})
    if lifted == 2:
        c.lift(second, signers=[OPERATOR])
    return c


def _answers():
    c = _start()
    c.answer("case.employees_left", True, body={"asked": "\u8fd8\u6709\u5458\u5de5\u5417\uff1f"})
    c.answer("case.closing_day", "2026-12-31")
    c.answer("case.persons", 1200)
    c.answer("case.opinion_eu", "keep_restricted", signers=[COUNSEL], body={"grounds": "GDPR 17(3)(e) \u2014 \u8bc9\u8bbc"})
    c.answer("case.regions", ["cn", "eu"])
    opinion = {"datasets": ["src1/t1"], "effect": "retain", "evidence": [], "rule": "CN-PIPL-47-1", "until": "2027-12-31"}
    c.add("opinion.filed", opinion, [COUNSEL], body={"text": "\u89c1\u610f\u89c1\u4e66"})
    c.answer("case.employees_left", False)
    return c


def _delta():
    c = _sealed()
    c.n["scan2"] = c.scan()
    c.n["delta"] = c.seal(4, of_n=c.n["seal"], more={"body": {"table": "\u5ba2\u6237 2019, \u65b0\u589e"}})
    c.subjects([c.n["seal"], c.n["delta"]])
    c.outcomes(c.n["seal"], {"gone": 1, "retain": 6, "superseded": 3})
    c.outcomes(c.n["delta"], {"retain": 4})
    c.close_run()
    return c


def _keys():
    c = _start()
    c.register(THIRD, body={"name": "\u738b\u4e94", "person": THIRD.person})
    c.rotate(SECOND, same_person(Key("approver", "approver 2, next key"), SECOND))
    operator = same_person(Key("operator", "operator, next key"), OPERATOR)
    c.rotate(OPERATOR, operator, body={"why": "\u6362\u673a\u5668"})
    c.revoke(THIRD, signers=[operator])
    c.answer(signers=[operator])
    return c


def _amended():
    c = _sealed()
    c.close_run()
    c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]])
    _approve(c)
    c.amend(more={"body": {"why": "\u5ef6\u957f\u5b89\u5168\u671f"}}, safety_days=45)
    c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]], name="plan 2")
    _approve(c, "plan 2")
    c.open_run(c.n["plan"])
    c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
    order = c.order(c.n["plan"], c.n["seal"], None, "anonymise", method="generalise")
    c.observe(order, 10, kind="anonymise")
    c.outcomes(c.n["seal"], {"anonymise": 10})
    c.close_run()
    return c


def _handed(settled):
    c = _sealed()
    c.close_run()
    c.n["plan"] = c.plan(c.n["scan"], c.n["subjects"], [c.n["seal"]])
    _approve(c)
    c.register(RECIPIENT, body={"name": "\u67d0\u6709\u9650\u516c\u53f8", "person": RECIPIENT.person})
    agreement = c.agree(more={"body": {"title": "\u6570\u636e\u79fb\u4ea4\u534f\u8bae"}})
    c.open_run(c.n["plan"], steps=HANDING)
    order = c.hand_over(c.n["plan"], c.n["seal"], agreement, rows=8)
    c.handed_over(order, 7, {"changed": 1}, more={"body": {"kept": "\u4e00\u884c\u5df2\u53d8\u66f4"}})
    if not settled:
        c.handed_over(c.hand_over(c.n["plan"], c.n["seal"], agreement, rows=2, package="pk-2", item="i-6"), 0, {"withdrawn": 2})
        return c
    missing = [{"dataset": "src1/t1", "kind": "missing", "rows": 1}]
    c.receive(order, rows=6, differences=missing, more={"body": {"note": "\u5c11\u4e00\u884c"}})
    c.act("dispute_settled", [OPERATOR], ["pk-1"], [paper("settlement")], body={"why": "\u53cc\u65b9\u786e\u8ba4"})
    c.backup([c.n["seal"]], 10, [root_of(c.n["seal"])])
    c.observe(c.order(c.n["plan"], c.n["seal"], c.next - 1))
    c.outcomes(c.n["seal"], {"destroy": 10})
    c.close_run()
    c.wait(30 * DAY)
    c.open_run(c.n["plan"])
    c.observe_shred(c.order_shred(c.n["plan"]))
    c.close_run()
    c.close([{"archive": "ar-1", "end": "shredded"}])
    return c
