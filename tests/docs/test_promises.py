"""Each promise of the docs names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| \*\*.*?\| (.*) \|$", (ROOT / "docs" / "promises.md").read_text(), re.MULTILINE)


def test_every_promise_names_tests_that_are_there():
    proofs = [proof for row in ROWS for proof in row.split("; ")]
    missing = [proof for proof in proofs if not is_there(*re.findall(r"`([^`]+)`", proof))]

    assert (len(ROWS), missing) == (20, [])


def is_there(file: str, name: str = "") -> bool:
    path = ROOT / file
    return path.is_file() and (not name or f"def {name}(" in path.read_text())
