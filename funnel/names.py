"""The words for what the path keeps as small numbers."""

from collections.abc import Mapping
from typing import Final

from contacts.models import Source
from funnel.models import RULE_ERASED, RULE_START, Dimension, Health, Stage, Standing

NONE: Final = "none"
Values = Mapping[str, int | None]  # what each word stands for

DIMENSION_OF: Final[dict[str, int]] = {dimension.name.lower(): int(dimension) for dimension in Dimension}
HEALTH_OF: Final[dict[str, int | None]] = {**{health.name.lower(): int(health) for health in Health}, NONE: None}
STANDING_OF: Final[dict[str, int | None]] = {standing.name.lower(): int(standing) for standing in Standing}
RULE_OF: Final[dict[str, int]] = {"start": RULE_START, "erased": RULE_ERASED}  # moves that no rule of a playbook made

DIMENSION_NAMES: Final = {value: name for name, value in DIMENSION_OF.items()}
HEALTH_NAMES: Final[dict[int | None, str | None]] = {
    value: None if value is None else name for name, value in HEALTH_OF.items()
}
STANDING_NAMES: Final = {int(standing): standing.name.lower() for standing in Standing}


def stage_ids() -> dict[str, int | None]:
    """In the order of the path, archived ones too."""
    return dict(Stage.objects.order_by("order").values_list("key", "pk"))


def source_ids() -> dict[str, int | None]:
    return dict(Source.objects.order_by("key").values_list("key", "pk"))


def names_of(values: Values) -> dict[int | None, str]:
    """The way back."""
    return {value: name for name, value in values.items()}
