"""From effects to deliveries: one message for each move and endpoint, written with the effects in one transaction."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import Identity, IdentityKind
from crm.models import WebhookDelivery, WebhookEndpoint
from funnel.effects import EffectKind
from funnel.explaining import explain
from funnel.models import Dimension, Effect, Health, Stage, Standing, Transition

KIND = "webhook"
EVERY_DIMENSION = tuple(Dimension.values)


def wanted() -> set[int]:
    """The dimensions somebody wants to hear of."""
    asked = WebhookEndpoint.objects.filter(disabled_at=None).values_list("dimensions", flat=True)
    return {dimension for some in asked for dimension in (some or EVERY_DIMENSION)}


def make_deliveries(effects: list[Effect]) -> None:
    """One delivery for each effect and each endpoint that wants its dimension."""
    endpoints = list(WebhookEndpoint.objects.filter(disabled_at=None))
    by_number = Transition.objects.in_bulk({effect.transition_id for effect in effects})
    moves = list(by_number.values())
    contacts = _identities({move.contact_id for move in moves})
    rules = {one.pk: why.rule for one, why in zip(moves, explain(moves), strict=True)}
    names = Names()
    deliveries = []
    for effect in effects:
        move = by_number[effect.transition_id]
        body = _body(move, names, rules[move.pk], contacts[move.contact_id])
        for endpoint in endpoints:
            if effect.dimension in (endpoint.dimensions or EVERY_DIMENSION):
                message = f"msg_{effect.pk}_{endpoint.pk}"
                deliveries.append(WebhookDelivery(endpoint=endpoint, effect=effect, message_id=message, body=body))
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)


EFFECT_KIND = EffectKind(wanted=wanted, run=make_deliveries, name=_("webhooks"))


class Names:
    """What the numbers in a transition stand for."""

    def __init__(self) -> None:
        self.stages = dict(Stage.objects.values_list("pk", "key"))

    def of(self, dimension: int, value: int | None) -> str | None:
        if value is None:
            return None
        if dimension == Dimension.STAGE:
            return self.stages[value]
        return (Health if dimension == Dimension.HEALTH else Standing)(value).name.lower()


def message(kind: str, at: datetime, data: dict[str, Any]) -> str:
    """The body of a webhook: what happened, when, and its particulars."""
    return msgspec.json.encode({"type": kind, "timestamp": at, "data": data}).decode()


def _identities(contacts: Iterable[int]) -> dict[int, dict[str, list[str]]]:
    """By what other systems know each person: all members' identities, under their leader."""
    known: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    live = Identity.objects.live().filter(~Q(kind=IdentityKind.ANONYMOUS_ID), contact__leader_id__in=list(contacts))
    for leader, kind, value in live.order_by("pk").values_list("contact__leader_id", "kind", "value"):
        known[leader][kind].append(value)
    return known


def _body(move: Transition, names: Names, rule: str, identities: dict[str, list[str]]) -> str:
    dimension = move.dimension
    return message(
        f"contact.{Dimension(dimension).name.lower()}_changed",
        move.recorded_at,
        {
            "contact": {"id": move.contact_id, **identities},
            "transition": move.pk,
            "from": names.of(dimension, move.from_value),
            "to": names.of(dimension, move.to_value),
            "visit": move.visit,
            "occurred_at": move.occurred_at,
            "recorded_at": move.recorded_at,
            "cause": move.cause_id,
            "rule": rule,
            "playbook": move.version,
        },
    )
