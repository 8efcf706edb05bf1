"""The stages of the path, as staff arrange them. Figures and folds take a new order up with the next publication."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from funnel.models import Playbook, Stage
from staff import audit
from staff.policy import Principal


def add_stage(
    *, key: str, phase: str, label_en: str, label_fi: str = "", order: int | None = None, by: Principal
) -> Stage:
    """A new stop, at the place `order` (from 1) or at the end. Nobody comes there before a playbook says so."""
    with transaction.atomic():
        stages = _locked()
        place = len(stages) + 1 if order is None else order
        stage = Stage(key=key, phase=phase, label_en=label_en, label_fi=label_fi, order=len(stages) + 1)
        stage.full_clean(exclude=["order"])
        _check_place(place, len(stages) + 1)
        stage.save()
        _put_in_order([*stages[: place - 1], stage, *stages[place - 1 :]])
        audit.record(by=by, action="stage_added", kind="stage", row=stage.pk, key=key)
    return stage


def change_stage(*, stage: Stage, by: Principal, **changes: Any) -> Stage:
    """Change `label_en`, `label_fi`, `order` (its place, from 1) or `archived`."""
    with transaction.atomic():
        stages = _locked()
        stage = next(one for one in stages if one.pk == stage.pk)
        if changes.get("archived") and not stage.archived_at:
            _check_unused(stage)
        _change_fields(stage, changes)
        if "order" in changes:
            _check_place(changes["order"], len(stages))
            others = [one for one in stages if one.pk != stage.pk]
            stages = [*others[: changes["order"] - 1], stage, *others[changes["order"] - 1 :]]
        _check_start(stages[0])
        _put_in_order(stages)
        audit.record(by=by, action="stage_changed", kind="stage", row=stage.pk, changes=changes)
        stage.refresh_from_db()
    return stage


def path_document() -> list[dict[str, str]]:
    """The stages as in a playbook's document: archived ones too, for those who stand there keep their place."""
    return [{"key": stage.key, "phase": stage.phase} for stage in Stage.objects.order_by("order")]


def _locked() -> list[Stage]:
    return list(Stage.objects.select_for_update().order_by("order"))


def _change_fields(stage: Stage, changes: dict[str, Any]) -> None:
    for name in ("label_en", "label_fi"):
        if name in changes:
            setattr(stage, name, changes[name])
    if "archived" in changes:
        stage.archived_at = (stage.archived_at or Now()) if changes["archived"] else None
    stage.full_clean(exclude=["order", "archived_at"], validate_constraints=False)
    stage.save(update_fields=["label_en", "label_fi", "archived_at"])


def _put_in_order(stages: list[Stage]) -> None:
    moved = []
    for place, stage in enumerate(stages, start=1):
        if stage.order != place:
            stage.order = place
            moved.append(stage)
    Stage.objects.bulk_update(moved, ["order"])


def _check_place(order: int, last: int) -> None:
    if not 1 <= order <= last:
        raise ValidationError(
            {
                "order": ValidationError(
                    _("The place must be from 1 to %(last)s."), code="no_such_place", params={"last": last}
                )
            }
        )


def _check_start(first: Stage) -> None:
    if first.archived_at:
        raise ValidationError(
            _("Every path starts in the first stage: it cannot be archived."), code="path_needs_a_start"
        )


def _check_unused(stage: Stage) -> None:
    newest = Playbook.objects.order_by("-number").first()
    rules = newest.document["rules"] if newest else []
    names = [rule["name"] for rule in rules if rule["to"] == stage.key]
    if names:
        raise ValidationError(
            _("Rules still move people here: %(rules)s. Publish a playbook without them first."),
            code="stage_in_use",
            params={"rules": ", ".join(names)},
        )
