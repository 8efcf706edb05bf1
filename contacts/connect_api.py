"""Connecting programs, for programs: sources, keys, names of types, and what waits in quarantine with one reason."""

from datetime import date, datetime
from typing import Any

import msgspec
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters
from staff.keys import revoke_key
from staff.models import ApiKey
from staff.policy import SCOPES

from .connecting import add_key, add_source, rotate_key
from .intake_api import INTAKE
from .intake_shapes import EventTypeShape, SourceShape
from .models import EventType, Source, Trust
from .naming import name_type
from .replay_jobs import replay_all
from .serializers import Body

SCOPE = "intake:manage"


class KeyShape(msgspec.Struct, omit_defaults=True):
    """A program's way in. `secret` is in the answer that makes it and in no other."""

    id: int
    name: str
    prefix: str
    source: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None
    revoked_at: datetime | None
    secret: str = ""

    @classmethod
    def of(cls, key: ApiKey, secret: str = "") -> "KeyShape":
        return cls(
            id=key.pk,
            name=key.name,
            prefix=key.prefix,
            source=key.source,
            scopes=key.scopes,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_on=key.last_used_on,
            revoked_at=key.revoked_at,
            secret=secret,
        )


class StartedShape(msgspec.Struct):
    """A job; `/jobs/{id}` says how far it is."""

    job: int
    total: int


class SourceBody(Body):
    decided_by_us = frozenset({"id", "key"})

    name = serializers.CharField(max_length=80)
    trust = serializers.ChoiceField(choices=Trust.choices, required=False)


class KeyBody(Body):
    decided_by_us = frozenset({"id", "prefix", "secret"})

    source = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="key", queryset=Source.objects.all(), help_text=_("The key of a source.")
    )
    name = serializers.CharField(max_length=80, required=False, allow_blank=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES))


class TypeBody(Body):
    decided_by_us = frozenset({"id", "key"})

    label_en = serializers.CharField(max_length=80, required=False)
    label_fi = serializers.CharField(max_length=80, required=False, allow_blank=True)
    rank = serializers.IntegerField(min_value=0, max_value=6, required=False)
    alias_of = serializers.SlugRelatedField(
        slug_field="key", queryset=EventType.objects.all(), required=False, help_text=_("The key of a type we know.")
    )


class ReplayAllBody(Body):
    reason = serializers.CharField(max_length=60)
    source = serializers.SlugRelatedField(  # type: ignore[assignment]
        slug_field="key", queryset=Source.objects.all(), required=False, help_text=_("The key of a source.")
    )


@operation(
    SCOPE,
    summary=_("Add a source"),
    tag=INTAKE,
    takes=SourceBody,
    example={"name": "Web shop", "trust": "trusted"},
    answers={201: SourceShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "conflict"),
)
def source_create(request: Request) -> HttpResponse:
    """A place that facts come from. `trusted` ones stay on servers and are believed; `public` ones stand in pages, and
    decide nothing about people we know."""
    said = body_as(SourceBody, request)
    source = add_source(by=caller(request), name=said["name"], trust=said.get("trust", Trust.TRUSTED))
    return answer(SourceShape.of(source), status=201)


@operation(
    SCOPE,
    summary=_("List keys"),
    tag=INTAKE,
    answers={200: page_shape("KeyPage", KeyShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def key_list(request: Request) -> HttpResponse:
    """All keys there ever were, without their secrets."""
    return listed(request, ApiKey.objects.all(), KeyShape.of, default="-id")


@operation(
    SCOPE,
    summary=_("Make a key"),
    tag=INTAKE,
    takes=KeyBody,
    example={"source": "shop", "scopes": ["events:write"]},
    answers={201: KeyShape},
    problems=(*BODY_PROBLEMS, "conflict"),
)
def key_create(request: Request) -> HttpResponse:
    """A key that speaks for a source. Its secret is in this answer only. Nobody gives rights they have not."""
    key, secret = add_key(by=caller(request), **body_as(KeyBody, request))
    return answer(KeyShape.of(key, secret), status=201)


@operation(
    SCOPE,
    summary=_("Rotate a key"),
    tag=INTAKE,
    answers={201: KeyShape},
    problems=("not-found", "invalid-value"),
)
def key_rotate(request: Request, key_id: int) -> HttpResponse:
    """Another key with the same rights; the old one is taken for another day."""
    key, secret = rotate_key(key=get_object_or_404(ApiKey, pk=key_id), by=caller(request))
    return answer(KeyShape.of(key, secret), status=201)


@operation(
    SCOPE,
    summary=_("Revoke a key"),
    tag=INTAKE,
    answers={200: KeyShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=("not-found",),
)
def key_revoke(request: Request, key_id: int) -> HttpResponse:
    """It opens nothing from now on (within five seconds), for ever."""
    key = get_object_or_404(ApiKey, pk=key_id)
    revoke_key(key, by=caller(request))
    key.refresh_from_db()
    return answer(KeyShape.of(key))


@operation(
    SCOPE,
    summary=_("Name an event type"),
    tag=INTAKE,
    takes=TypeBody,
    example={"label_en": "Webinar watched", "label_fi": "Webinaari katsottu"},
    answers={200: EventTypeShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def event_type_update(request: Request, type_id: int) -> HttpResponse:
    """Say what a type that a source brought is called, or with `alias_of` that it is another word for a type we know.
    `rank` (0 to 6) puts its events among others of the same moment. Both hold for events to come."""
    kind = get_object_or_404(EventType.objects.select_related("first_source", "alias_of"), pk=type_id)
    return answer(EventTypeShape.of(name_type(kind=kind, by=caller(request), **body_as(TypeBody, request))))


@operation(
    SCOPE,
    summary=_("Replay all of a reason"),
    tag=INTAKE,
    takes=ReplayAllBody,
    example={"reason": "too-many-types"},
    answers={202: StartedShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def quarantine_replay_all(request: Request) -> HttpResponse:
    """Try again all that waits with this reason, oldest first, as a job that can be stopped and taken back."""
    said: dict[str, Any] = body_as(ReplayAllBody, request)
    job = replay_all(by=caller(request), **said)
    return answer(StartedShape(job.pk, job.total), status=202)
