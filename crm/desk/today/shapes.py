"""What the addresses of answers, hours and assignment answer (Structs) and take (serializers)."""

from datetime import date, datetime
from typing import Any
from zoneinfo import available_timezones

import msgspec
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from contacts.models import AnswerClock, Source
from contacts.serializers import RowId
from crm.desk.today.report import Figures
from crm.models import Assignment, AssignmentMethod, AssignmentRule
from staff.models import Team, User, WorkWeek
from staff.worktime import span_of, span_text


class AnswerShape(msgspec.Struct):
    """From a question to its answer. `question` and `answer` are events; `took_s` is business time in seconds.

    `holder` has it in hand, or else the owner of the person; `ended`: somebody said that no answer is needed.
    """

    id: int
    contact: int
    question: int
    questions: int
    asked_at: datetime
    due_at: datetime
    team: int | None
    holder: int | None
    answer: int | None
    answered_at: datetime | None
    answered_by: int | None
    took_s: int | None
    in_time: bool | None
    ended: bool


def show_answer(clock: AnswerClock) -> AnswerShape:
    return AnswerShape(
        id=clock.pk,
        contact=clock.contact_id,
        question=clock.question_id,
        questions=clock.asked,
        asked_at=clock.asked_at,
        due_at=clock.due_at,
        team=clock.team_id,
        holder=clock.holder_id,
        answer=clock.answer_id,
        answered_at=clock.answered_at,
        answered_by=clock.answered_by_id,
        took_s=clock.took_s,
        in_time=clock.in_time,
        ended=clock.is_waived,
    )


class GiveBody(serializers.Serializer[Any]):
    holder = RowId(
        lambda pk: User.objects.filter(pk=pk, is_active=True).exists(),
        _("Who answers: the id of a member of staff; null: whoever owns the person."),
        allow_null=True,
    )


class FiguresShape(msgspec.Struct):
    """Of the answers to the questions of one group: seconds of business time."""

    key: str
    label: str
    answered: int
    median_s: float | None
    p90_s: float | None
    within_target: int
    ended: int
    waiting: int


class FiguresPage(msgspec.Struct):
    results: list[FiguresShape]


def show_figures(one: Figures) -> FiguresShape:
    return FiguresShape(one.key, one.label, one.n, one.median, one.p90, one.in_time, one.ended, one.running)


class HoursShape(msgspec.Struct):
    """`week` holds the hours of seven days, Monday first, such as ["09:00-12:00", "13:00-17:00"]."""

    team: int | None
    time_zone: str
    week: list[list[str]]
    holidays: dict[str, str]
    target_minutes: int


def show_hours(week: WorkWeek) -> HoursShape:
    days = [[span_text((span[0], span[1])) for span in day] for day in week.week]
    team = week.team.pk if week.team else None
    return HoursShape(team, week.time_zone, days, dict(week.holidays), week.target_minutes)


class HolidaysShape(msgspec.Struct):
    country: str
    year: int
    days: dict[str, str]


class HoursBody(serializers.Serializer[Any]):
    time_zone = serializers.CharField(max_length=40)
    week = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(max_length=20), max_length=6),
        min_length=7,
        max_length=7,
    )
    holidays = serializers.DictField(child=serializers.CharField(max_length=80, allow_blank=True), required=False)
    target_minutes = serializers.IntegerField(min_value=1, max_value=60 * 24 * 60)

    def validate_time_zone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError(_("There is no such time zone."), code="bad_time_zone")
        return value

    def validate_week(self, value: list[list[str]]) -> list[list[list[int]]]:
        try:
            return [[list(span_of(text)) for text in day] for day in value]
        except ValueError as error:
            raise serializers.ValidationError(_("These are no hours: %s") % error, code="bad_hours") from None

    def validate_holidays(self, value: dict[str, str]) -> dict[str, str]:
        try:
            return {date.fromisoformat(day).isoformat(): name for day, name in value.items()}
        except ValueError as error:
            raise serializers.ValidationError(_("This is no day: %s") % error, code="bad_day") from None


class RuleShape(msgspec.Struct):
    id: int
    place: int
    sources: list[int]
    countries: list[str]
    team: int
    method: str


def show_rule(rule: AssignmentRule) -> RuleShape:
    return RuleShape(rule.pk, rule.place, rule.sources, rule.countries, rule.team_id, rule.method)


class RuleBody(serializers.Serializer[Any]):
    place = serializers.IntegerField(min_value=1, max_value=99, default=1)
    sources = serializers.ListField(
        child=RowId(lambda pk: Source.objects.filter(pk=pk).exists(), _("The id of a source.")), default=list
    )
    countries = serializers.ListField(child=serializers.RegexField(r"^[A-Z]{2}$"), default=list)
    team = RowId(lambda pk: Team.objects.filter(pk=pk).exists(), _("The id of a team."))
    method = serializers.ChoiceField(choices=AssignmentMethod.choices, default=AssignmentMethod.ROUND_ROBIN)


class AssignmentShape(msgspec.Struct):
    """A lead that a rule gave to somebody; `event` says so in the log."""

    id: int
    at: datetime
    contact: int
    user: int
    rule: int | None
    method: str
    event: int
    undone_at: datetime | None


def show_assignment(one: Assignment) -> AssignmentShape:
    return AssignmentShape(
        one.pk, one.at, one.contact_id, one.user_id, one.rule_id, one.method, one.event_id, one.undone_at
    )
