"""A small state of a chain, from the lines alone: the fold that vector 20 expects of every reader."""

import json


def state(lines):
    """Reads type, n and facts of each line and nothing else; a body is never at hand."""
    entries = [json.loads(line) for line in lines]
    facts = {e["n"]: e["facts"] for e in entries}

    def of(*kinds):
        return [(e["n"], e["facts"]) for e in entries if e["type"] in kinds]

    ordered = {n for e in entries for n in [e["n"]] if e["type"].endswith(".ordered")}
    seen = {e["facts"]["order_n"] for e in entries if e["type"].endswith(".observed") and "order_n" in e["facts"]}
    held = {n for n, _ in of("hold.placed")} - {f["hold_n"] for _, f in of("hold.lifted")}
    plans = [n for n, _ in of("plan.made")]
    shredded = {facts[f["order_n"]]["archive"] for _, f in of("shred.observed")}
    totals = {}
    for _, f in of("outcomes.recorded"):
        totals[f"{f['seal_n']}.{f['group']}"] = {word: count for word, count in sorted(f["totals"].items()) if count}
    return {
        "next": len(entries),
        "closed": bool(of("case.closed")),
        "open_orders": len(ordered - seen),
        "open_holds": len(held),
        "keys_in_force": sorted(_keys(entries)),
        "seals": {str(n): f["rows"] for n, f in of("dataset.sealed")},
        "newest_plan": plans[-1] if plans else -1,
        "backups": {str(n): "shredded" if f["archive"] in shredded else "live" for n, f in of("backup.observed")},
        "totals": totals,
    }


def _keys(entries):
    out = set()
    for e in entries:
        f = e["facts"]
        if e["type"] == "case.opened":
            out |= {k["kid"] for k in f["keys"]}
        elif e["type"] == "key.registered":
            out.add(f["key"]["kid"])
        elif e["type"] == "key.rotated":
            out.discard(f["old"])
            out.add(f["new"]["kid"])
        elif e["type"] == "key.revoked":
            out.discard(f["kid"])
    return out
