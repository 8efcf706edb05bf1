"""What the check of a draft answers, and the bodies of publishing it and of keeping an example."""

from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from rest.bodies import MomentField


class FindingShape(msgspec.Struct):
    """One fault, and where in the document it is."""

    pointer: str
    code: str
    detail: str


class ExampleStepShape(msgspec.Struct):
    """A move of a story, on its day; `rule` is nothing for the start of the path."""

    day: int
    dimension: str
    to: str | None
    rule: str | None
    sentence: str


class ExampleShape(msgspec.Struct):
    """An example kept with the playbook: what it expects at the end of `day`, what came, and how."""

    name: str
    day: int
    holds: bool
    expected: dict[str, str | None]
    came: dict[str, str | None]
    steps: list[ExampleStepShape]


class CheckShape(msgspec.Struct):
    """`examples` are tried where there is no fault; where one does not hold, the draft is published only despite it."""

    publishable: bool
    findings: list[FindingShape]
    examples: list[ExampleShape]


class PublicationBody(serializers.Serializer[Any]):
    since = MomentField(required=False, allow_null=True)
    after = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=32767,
        help_text=_("The newest version you know of: refused (409) where somebody published another one since."),
    )
    despite_examples = serializers.BooleanField(
        required=False, help_text=_("Publish although examples of the draft come out otherwise; this goes on record.")
    )


class ExampleBody(serializers.Serializer[Any]):
    contact = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    name = serializers.CharField(max_length=120, required=False)
