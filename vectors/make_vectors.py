"""Writes vectors/*.json again from fixed keys; see README.md.

Needs Python 3.9 or later and the package `cryptography` (for AES-256-GCM-SIV and as a
cross-check of the Ed25519 code here). Nothing is random and nothing reads a clock, so
two runs give the same bytes.
"""

import importlib
import json
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

FILES = [
    (1, "01-canonical-json", "canonical_json_cases"),
    (2, "02-entries", "entry_cases"),
    (3, "03-ed25519-strict", "ed25519_cases"),
    (4, "04-key-ids", "key_id_cases"),
    (5, "05-commitments", "commitment_cases"),
    (6, "06-rows", "rows_cases"),
    (7, "07-merkle", "merkle_cases"),
    (8, "08-seal", "seal_cases"),
    (10, "10-outcomes", "outcome_cases"),
    (13, "13-vault", "vault_cases"),
    (14, "14-checkpoint", "checkpoint_cases"),
    (16, "16-approval", "approval_cases"),
    (17, "17-zip", "zip_cases"),
    (18, "18-admit-rules", "admit_cases"),
    (20, "20-without-bodies", "body_cases"),
]


def main():
    for number, name, module in FILES:
        made = importlib.import_module("maker." + module)
        cases = made.cases()
        names = [case["name"] for case in cases]
        assert len(set(names)) == len(names), f"{name}: two cases share a name"
        document = {"vector": number, "about": made.ABOUT, "cases": cases}
        text = json.dumps(document, ensure_ascii=True, indent=1) + "\n"
        (HERE / (name + ".json")).write_text(text, encoding="ascii")
        print(f"{name}.json: {len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
