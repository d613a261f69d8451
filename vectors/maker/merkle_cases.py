"""Vector 7: roots, inclusion and consistency proofs for sizes 0 to 17, and proofs gone wrong."""

from . import merkle
from .primitives import filler, flip

ABOUT = (
    "RFC 6962 with SHA-256. Leaf i is the byte i repeated i times (leaf 0 is empty). kind root: MTH of the "
    "first size leaves; kind inclusion: all PATH(index, D[size]); kind consistency: all PROOF(first, D[size]) for "
    "1 <= first <= size; kind refuse_inclusion and refuse_consistency: must be refused. Digests are hex."
)

LEAVES = [bytes([i]) * i for i in range(17)]


def cases():
    return (
        [_root(n) for n in range(18)]
        + [_inclusion(n) for n in range(1, 18)]
        + [_consistency(n) for n in range(1, 18)]
        + _bad_inclusion()
        + _bad_consistency()
    )


def _hex(proof):
    return [p.hex() for p in proof]


def _roots(n):
    return merkle.root(LEAVES[:n])


def _root(n):
    leaves = [leaf.hex() for leaf in LEAVES[:n]]
    return {"name": f"root of size {n}", "kind": "root", "size": n, "leaves": leaves, "root": _roots(n).hex()}


def _inclusion(n):
    proofs = []
    for index in range(n):
        path = merkle.inclusion(index, LEAVES[:n])
        leaf = merkle.leaf_hash(LEAVES[index])
        assert merkle.inclusion_holds(index, n, leaf, path, _roots(n))
        proofs.append({"index": index, "leaf_hash": leaf.hex(), "path": _hex(path)})
    return {"name": f"inclusion in size {n}", "kind": "inclusion", "size": n, "root": _roots(n).hex(), "proofs": proofs}


def _consistency(n):
    proofs = []
    for first in range(1, n + 1):
        proof = merkle.consistency(first, LEAVES[:n])
        assert merkle.consistency_holds(first, n, proof, _roots(first), _roots(n))
        proofs.append({"first": first, "first_root": _roots(first).hex(), "proof": _hex(proof)})
    return {"name": f"consistency with size {n}", "kind": "consistency", "size": n, "root": _roots(n).hex(), "proofs": proofs}


def _bad_inclusion():
    n, index = 13, 5
    leaf, path, root = merkle.leaf_hash(LEAVES[index]), merkle.inclusion(index, LEAVES[:n]), _roots(n)
    last = merkle.inclusion(16, LEAVES)
    changes = [
        ("index one higher", index + 1, n, leaf, path, root),
        ("index one lower", index - 1, n, leaf, path, root),
        ("index equals size", n, n, leaf, path, root),
        ("index far above size, same low bits", index + 16, n, leaf, path, root),
        ("another size with a longer path", index, 17, leaf, path, root),
        ("size 0", 0, 0, leaf, [], root),
        ("first hash dropped", index, n, leaf, path[1:], root),
        ("last hash dropped", index, n, leaf, path[:-1], root),
        ("empty path", index, n, leaf, [], root),
        ("extra hash at the end", index, n, leaf, path + [filler("extra")], root),
        ("last hash twice", index, n, leaf, path + path[-1:], root),
        ("first two hashes exchanged", index, n, leaf, [path[1], path[0]] + path[2:], root),
        ("path reversed", index, n, leaf, path[::-1], root),
        ("bit flipped in the first hash", index, n, leaf, [flip(path[0], 0)] + path[1:], root),
        ("bit flipped in the last hash", index, n, leaf, path[:-1] + [flip(path[-1], 255)], root),
        ("bit flipped in the leaf hash", index, n, flip(leaf, 7), path, root),
        ("bit flipped in the root", index, n, leaf, path, flip(root, 128)),
        ("another leaf", index, n, merkle.leaf_hash(LEAVES[6]), path, root),
        ("size one of another leaf", 0, 1, leaf, [], _roots(1)),
        ("size one with a path", 0, 1, merkle.leaf_hash(LEAVES[0]), [filler("extra")], _roots(1)),
        ("last leaf of 17 with its path doubled", 16, 17, merkle.leaf_hash(LEAVES[16]), last * 2, _roots(17)),
        ("last leaf of 17 in size 16", 16, 16, merkle.leaf_hash(LEAVES[16]), last, _roots(17)),
    ]
    out = []
    for name, i, size, leaf_hash, proof, tree_root in changes:
        assert not merkle.inclusion_holds(i, size, leaf_hash, proof, tree_root), name
        out.append(
            {
                "name": "inclusion: " + name,
                "kind": "refuse_inclusion",
                "size": size,
                "index": i,
                "leaf_hash": leaf_hash.hex(),
                "path": _hex(proof),
                "root": tree_root.hex(),
            }
        )
    return out


def _bad_consistency():
    first, n = 6, 13
    a, b, proof = _roots(first), _roots(n), merkle.consistency(first, LEAVES[:n])
    power = merkle.consistency(8, LEAVES[:n])
    changes = [
        ("first one lower", first - 1, n, proof, a, b),
        ("first one higher", first + 1, n, proof, a, b),
        ("size one lower", first, n - 1, proof[:-1], a, b),
        ("another size with a longer proof", first, 17, proof, a, b),
        ("first above size", 13, 6, proof, b, a),
        ("sizes and roots exchanged with an empty proof", 13, 6, [], b, a),
        ("first hash dropped", first, n, proof[1:], a, b),
        ("last hash dropped", first, n, proof[:-1], a, b),
        ("empty proof", first, n, [], a, b),
        ("empty proof with equal roots", first, n, [], a, a),
        ("extra hash at the end", first, n, proof + [filler("extra")], a, b),
        ("last hash twice", first, n, proof + proof[-1:], a, b),
        ("first two hashes exchanged", first, n, [proof[1], proof[0]] + proof[2:], a, b),
        ("proof reversed", first, n, proof[::-1], a, b),
        ("bit flipped in the first hash", first, n, [flip(proof[0], 0)] + proof[1:], a, b),
        ("bit flipped in the last hash", first, n, proof[:-1] + [flip(proof[-1], 255)], a, b),
        ("bit flipped in the first root", first, n, proof, flip(a, 1), b),
        ("bit flipped in the second root", first, n, proof, a, flip(b, 1)),
        ("roots exchanged", first, n, proof, b, a),
        ("power of two: first root put in front", 8, n, [_roots(8)] + power, _roots(8), b),
        ("power of two: another first root", 8, n, power, flip(_roots(8), 0), b),
        ("equal sizes with a proof", n, n, [b], b, b),
        ("equal sizes with other roots", n, n, [], a, b),
        ("first 0 with a proof", 0, n, proof, _roots(0), b),
    ]
    out = []
    for name, m, size, hashes, first_root, second_root in changes:
        assert not merkle.consistency_holds(m, size, hashes, first_root, second_root), name
        out.append(
            {
                "name": "consistency: " + name,
                "kind": "refuse_consistency",
                "size": size,
                "first": m,
                "first_root": first_root.hex(),
                "proof": _hex(hashes),
                "root": second_root.hex(),
            }
        )
    return out
