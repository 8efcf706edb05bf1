"""What the addresses of staff answer (Structs) and take (serializers)."""

from datetime import datetime
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.sending import waiting
from staff.models import AuditRecord, Invitation, Role, Team, User
from staff.sending import held


class TeamShape(msgspec.Struct):
    id: int
    name: str


class UserShape(msgspec.Struct):
    """A member of staff; `id` is the `owner` of people and companies."""

    id: int
    name: str
    role: str
    team: int | None
    is_active: bool


class RoleShape(msgspec.Struct):
    """What people of a role may do, and whether they need a second step to sign in."""

    role: str
    scopes: list[str]
    needs_second_step: bool


class RolesShape(msgspec.Struct):
    results: list[RoleShape]


class InvitationShape(msgspec.Struct):
    """`link` is empty where a letter with it went out; else it is shown only here."""

    id: int
    email: str
    role: str
    team: int | None
    expires_at: datetime
    link: str


class SendingShape(msgspec.Struct):
    """Whether letters and webhooks go out, why not, and how many wait (counted to 10,000)."""

    is_on: bool
    is_copy: bool
    since: datetime | None
    letters: int
    deliveries: int


class AuditShape(msgspec.Struct):
    """Who did what to which row; `detail` holds what was before and after."""

    id: int
    at: datetime
    user: int | None
    key: str | None
    action: str
    kind: str
    row: int | None
    detail: dict[str, Any]


class InvitationBody(serializers.Serializer[Any]):
    email = serializers.EmailField()
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    role = serializers.ChoiceField(choices=Role.choices)
    team = serializers.PrimaryKeyRelatedField(queryset=Team.objects.all(), required=False, allow_null=True)


class UserChanges(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False)
    role = serializers.ChoiceField(choices=Role.choices, required=False)
    team = serializers.PrimaryKeyRelatedField(queryset=Team.objects.all(), required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False)


class RoleChanges(serializers.Serializer[Any]):
    needs_second_step = serializers.BooleanField()


class TeamBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)


def show_user(user: User) -> UserShape:
    return UserShape(user.pk, str(user), user.role, user.team_id, user.is_active)


class SendingChanges(serializers.Serializer[Any]):
    is_on = serializers.BooleanField()
    drop = serializers.BooleanField(default=False, help_text=_("When it goes on: without what waits now."))


def show_sending() -> SendingShape:
    now, rows = held(), waiting()
    return SendingShape(
        is_on=now is None,
        is_copy=bool(now and now.is_copy),
        since=now.since if now else None,
        letters=rows.letters,
        deliveries=rows.deliveries,
    )


def show_team(team: Team) -> TeamShape:
    return TeamShape(team.pk, team.name)


def show_invitation(one: Invitation, link: str) -> InvitationShape:
    return InvitationShape(one.pk, one.email, one.role, one.team_id, one.expires_at, link)


def show_record(one: AuditRecord) -> AuditShape:
    key = one.api_key.prefix if one.api_key else None
    return AuditShape(one.pk, one.at, one.user_id, key, one.action, one.object_kind, one.object_id, one.detail)
