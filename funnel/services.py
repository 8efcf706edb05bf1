"""The path every installation starts with."""

import json
from pathlib import Path
from typing import Any

from django.db.models.functions import Now

from funnel.models import Playbook, Stage

DEFAULT_PLAYBOOK = Path(__file__).with_name("default_playbook.json")

# key: (English, Finnish)
STAGE_LABELS: dict[str, tuple[str, str]] = {
    "prospecting": ("Prospecting", "Prospektointi"),
    "retargeting": ("Retargeting", "Uudelleenkohdistus"),
    "lead": ("Lead", "Liidi"),
    "customer": ("Customer", "Asiakas"),
    "loyalty": ("Loyalty", "Kanta-asiakas"),
    "advocate": ("Advocate", "Suosittelija"),
}


def install_path() -> None:
    """Add the built-in stages and the first playbook where they are missing; what was changed stays as it is."""
    document = json.loads(DEFAULT_PLAYBOOK.read_text())
    if not Stage.objects.exists():
        Stage.objects.bulk_create(_stages(document))
    Playbook.objects.get_or_create(
        number=1,
        defaults={"name": "Polku", "document": document, "marked_at": Now(), "applied_at": Now()},
    )


def _stages(document: dict[str, Any]) -> list[Stage]:
    return [
        Stage(
            key=stage["key"],
            phase=stage["phase"],
            order=order,
            label_en=STAGE_LABELS[stage["key"]][0],
            label_fi=STAGE_LABELS[stage["key"]][1],
        )
        for order, stage in enumerate(document["stages"], start=1)
    ]
