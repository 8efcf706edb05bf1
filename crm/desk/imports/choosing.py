"""The form of choices, read: what the page sent, as the service takes it."""

from typing import Any

from django.http import QueryDict

_PLAIN = ("encoding", "delimiter", "decimal", "dates", "duplicates", "source", "tag", "phone_country")
_CONSENT = ("channel", "purpose", "basis", "wording", "evidence")


def choices_said(said: QueryDict) -> dict[str, Any]:
    """Only what the form holds: a part of a page may have sent it."""
    found: dict[str, Any] = {name: said.get(name, "") for name in _PLAIN if name in said}
    found = {name: text.strip() or text for name, text in found.items()}  # a tab between cells is no blank
    if "column" in said:
        found["columns"] = [chosen[:80] for chosen in _in_order(said)]
        lenient = set(said.getlist("lenient"))
        found["lenient"] = [str(number) in lenient for number in range(1, len(found["columns"]) + 1)]
        found["header"] = said.get("header", "yes") == "yes"
        found["consent"] = {
            name: said.get(f"consent.{name}", "")[:2000] for name in _CONSENT if f"consent.{name}" in said
        }
        found["consent"]["everybody"] = "consent.everybody" in said
        found["event"] = {
            "type": said.get("event.type", "")[:80],
            "currency": said.get("event.currency", "")[:3].upper(),
        }
    if (rows := str(said.get("skip", "")))[:4].isdecimal():
        found["skip"] = int(rows[:4])
    if "sheet" in said:
        found["sheet"] = said["sheet"]
    if "stage.text" in said:
        found["stages"] = dict(zip(said.getlist("stage.text"), said.getlist("stage.key"), strict=False))
    if "owner.text" in said:
        found["owners"] = dict(zip(said.getlist("owner.text"), said.getlist("owner.email"), strict=False))
    return found


def _in_order(said: QueryDict) -> list[str]:
    """What was chosen for the first column, the second and so on: the page shows those that are left out last."""
    chosen, numbers = said.getlist("column"), said.get("column.order", "").split(",")
    if len(numbers) != len(chosen) or not all(number.isdecimal() for number in numbers):
        return chosen
    return [one for _number, one in sorted(zip(map(int, numbers), chosen, strict=True), key=lambda pair: pair[0])]
