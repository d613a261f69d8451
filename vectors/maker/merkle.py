"""RFC 6962 trees: roots, proofs, and the checks of proofs (RFC 9162, 2.1.3.2 and 2.1.4.2)."""

from .primitives import sha256


def leaf_hash(data):
    return sha256(b"\x00" + data)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def _split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def root(entries):
    if not entries:
        return sha256(b"")
    if len(entries) == 1:
        return leaf_hash(entries[0])
    k = _split(len(entries))
    return node_hash(root(entries[:k]), root(entries[k:]))


def inclusion(index, entries):
    """PATH(m, D[n]) of RFC 6962, 2.1.1."""
    n = len(entries)
    if n == 1:
        return []
    k = _split(n)
    if index < k:
        return inclusion(index, entries[:k]) + [root(entries[k:])]
    return inclusion(index - k, entries[k:]) + [root(entries[:k])]


def consistency(m, entries):
    """PROOF(m, D[n]) of RFC 6962, 2.1.2."""
    return _subproof(m, entries, True)


def _subproof(m, entries, whole):
    n = len(entries)
    if m == n:
        return [] if whole else [root(entries)]
    k = _split(n)
    if m <= k:
        return _subproof(m, entries[:k], whole) + [root(entries[k:])]
    return _subproof(m - k, entries[k:], False) + [root(entries[:k])]


def inclusion_holds(index, size, leaf, path, tree_root):
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == tree_root


def consistency_holds(first, second, proof, first_root, second_root):
    """For 1 <= first <= second; anything else is no question this function answers with yes."""
    if first < 1 or first > second:
        return False
    if first == second:
        return not proof and first_root == second_root
    if not proof:
        return False
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == first_root and sr == second_root
