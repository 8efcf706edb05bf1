"""The audit trail names each deed in words."""

import re
from pathlib import Path

from crm.desk.house.trail import NAMES

ROOT = Path(__file__).parents[2]
SAID = re.compile(r'action="([a-z_ ]+)"|_note\(\w+, "([a-z_ ]+)"|action = "([a-z_]+)" if .* else "([a-z_]+)"')


def test_every_deed_that_is_recorded_has_words():
    texts = [
        path.read_text()
        for package in ("crm", "campaigns", "funnel", "contacts", "rest", "staff")
        for path in (ROOT / package).rglob("*.py")
    ]
    recorded = {name for text in texts for match in SAID.findall(text) for name in match if name} - {"store_true"}

    assert len(recorded) > 50
    assert recorded - NAMES.keys() == set()
