"""/api/v1/forms and /api/v1/sites: what people outside fill in, and the websites that bear our script."""

from datetime import date, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request

from campaigns.building import Asked, add_site, close_form, close_site, open_form, put_away_form, save_form
from campaigns.models import Campaign, Deed, Form, FormDay, Site
from campaigns.questions import Kind, Question, questions_in
from campaigns.sent import sent_of, submissions_seen
from rest.answers import answer
from rest.bodies import body_as
from rest.endpoints import caller, operation
from rest.lists import listed
from rest.pages import PARAMETERS, page
from rest.queries import refuse_unknown_parameters
from rest.schema import BODY_PROBLEMS, IDEMPOTENCY_KEY, LIST_PROBLEMS, page_shape, paging_parameters

TAG = _("Forms")


class QuestionShape(msgspec.Struct):
    key: str
    kind: str
    label: str
    is_needed: bool
    choices: list[str]
    help: str


class SentShape(msgspec.Struct):
    """`details` are who they said they are; `confirmed_at` is when they opened the link in our letter."""

    id: int
    contact: int
    email: str
    sent_at: datetime
    confirmed_at: datetime | None
    details: dict[str, str]
    answers: dict[str, str | bool]


class FormShape(msgspec.Struct):
    """`version` is of what was saved: send it back with a change, and another's change is not overwritten."""

    id: int
    url: str
    name: str
    deed: str
    language: str
    title: str
    lead: str
    questions: list[QuestionShape]
    button: str
    wording: str
    wording_number: int | None
    wording_is_needed: bool
    confirms_address: bool
    thanks: str
    leads_to: str
    campaign: str | None
    source: str
    open: bool
    version: int


class FormDayShape(msgspec.Struct):
    """On one day of the organisation: how often it was shown and sent, and left alone as the work of a robot; and how
    many confirmed their address on it, whenever they had sent it."""

    day: date
    shown: int
    sent: int
    left_out: int
    confirmed: int


class FormDaysShape(msgspec.Struct):
    days: list[FormDayShape]


class SiteShape(msgspec.Struct):
    """`key` stands in the page, for anybody to read: it may only tell us things."""

    id: int
    name: str
    source: str
    key: str
    closed_at: datetime | None


class QuestionBody(serializers.Serializer[Any]):
    key = serializers.RegexField(r"^[a-z0-9_]{1,40}$")
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    label = serializers.CharField(max_length=200)  # type: ignore[assignment]  # its stubs know another `label`
    is_needed = serializers.BooleanField(default=False)
    choices = serializers.ListField(child=serializers.CharField(max_length=200), default=list)
    help = serializers.CharField(max_length=200, allow_blank=True, default="")


class FormChanges(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80, required=False)
    deed = serializers.ChoiceField(choices=Deed.choices, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    title = serializers.CharField(max_length=120, required=False)
    lead = serializers.CharField(max_length=1000, allow_blank=True, required=False)
    questions = QuestionBody(many=True, required=False)
    button = serializers.CharField(max_length=40, required=False)
    wording = serializers.CharField(max_length=1000, allow_blank=True, required=False)
    wording_is_needed = serializers.BooleanField(required=False)
    confirms_address = serializers.BooleanField(required=False)
    thanks = serializers.CharField(max_length=1000, required=False)
    leads_to = serializers.URLField(max_length=1000, allow_blank=True, required=False)
    campaign = serializers.SlugRelatedField("key", queryset=Campaign.objects.in_use(), required=False, allow_null=True)
    open = serializers.BooleanField(required=False)
    archived = serializers.BooleanField(required=False)
    version = serializers.IntegerField(required=False, min_value=1)


class FormBody(FormChanges):
    name = serializers.CharField(max_length=80)
    title = serializers.CharField(max_length=120)
    questions = QuestionBody(many=True)
    button = serializers.CharField(max_length=40)
    thanks = serializers.CharField(max_length=1000)


class SiteBody(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)


@operation(
    "contacts:read",
    summary=_("List forms"),
    tag=TAG,
    answers={200: page_shape("FormPage", FormShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def form_list(request: Request) -> HttpResponse:
    """Those that were not put away, the newest first."""
    return listed(request, _forms(), shape_of, default="-id")


@operation(
    "forms:write",
    summary=_("Make a form"),
    tag=TAG,
    takes=FormBody,
    answers={201: FormShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def form_add(request: Request) -> HttpResponse:
    """It is closed until `open` is true. It asks for the e-mail address, once."""
    return answer(shape_of(_saved(request, Form(), body_as(FormBody, request))), status=201)


@operation(
    "contacts:read",
    summary=_("Read a form"),
    tag=TAG,
    answers={200: FormShape},
    problems=["invalid-query", "not-found"],
)
def form_detail(request: Request, form_id: int) -> HttpResponse:
    refuse_unknown_parameters(request._request, ())
    return answer(shape_of(get_object_or_404(_forms(), pk=form_id)))


@operation(
    "forms:write",
    summary=_("Change a form"),
    tag=TAG,
    takes=FormChanges,
    answers={200: FormShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=(*BODY_PROBLEMS, "not-found"),
)
def form_change(request: Request, form_id: int) -> HttpResponse:
    """Change what the body names; `open` opens and closes it, `archived` puts it away."""
    form = get_object_or_404(_forms(), pk=form_id)
    return answer(shape_of(_saved(request, form, body_as(FormChanges, request))))


@operation(
    "contacts:read",
    summary=_("Read how a form does"),
    tag=TAG,
    answers={200: FormDaysShape},
    problems=["invalid-query", "not-found"],
)
def form_days(request: Request, form_id: int) -> HttpResponse:
    """The last 90 days on which something happened, the newest first."""
    refuse_unknown_parameters(request._request, ())
    form = get_object_or_404(_forms(), pk=form_id)
    rows = FormDay.objects.filter(form=form).order_by("-day")[:90]
    return answer(
        FormDaysShape([FormDayShape(one.day, one.shown, one.sent, one.left_out, one.confirmed) for one in rows])
    )


@operation(
    "contacts:read",
    summary=_("List what was sent by a form"),
    tag=TAG,
    answers={200: page_shape("SentPage", SentShape)},
    parameters=paging_parameters("id"),
    problems=[*LIST_PROBLEMS, "not-found"],
)
def form_sent(request: Request, form_id: int) -> HttpResponse:
    """By people you may see, the newest first; answers by the words of their questions."""
    refuse_unknown_parameters(request._request, PARAMETERS)
    form = get_object_or_404(_forms(), pk=form_id)
    rows = submissions_seen(caller(request), form.pk).select_related("contact")
    found = page(request._request, rows, orderings={"id": ("id",)}, default="-id")
    return answer(found.showing([SentShape(*one) for one in sent_of(form, found.rows)]))


@operation(
    "forms:write",
    summary=_("List tracked websites"),
    tag=TAG,
    answers={200: page_shape("SitePage", SiteShape)},
    parameters=paging_parameters("id"),
    problems=LIST_PROBLEMS,
)
def site_list(request: Request) -> HttpResponse:
    return listed(request, Site.objects.select_related("source", "key"), site_shape)


@operation(
    "forms:write",
    summary=_("Add a tracked website"),
    tag=TAG,
    takes=SiteBody,
    answers={201: SiteShape},
    parameters=[IDEMPOTENCY_KEY],
    problems=BODY_PROBLEMS,
)
def site_add(request: Request) -> HttpResponse:
    """It gets a public source and a key of its own, for `<script src="/t.js" data-key="...">`."""
    return answer(site_shape(add_site(name=body_as(SiteBody, request)["name"], by=caller(request))), status=201)


@operation(
    "forms:write", summary=_("Close a tracked website"), tag=TAG, answers={200: SiteShape}, problems=["not-found"]
)
def site_end(request: Request, site_id: int) -> HttpResponse:
    """Nothing more is taken from it."""
    site = get_object_or_404(Site.objects.select_related("source", "key"), pk=site_id)
    close_site(site=site, by=caller(request))
    site.key.refresh_from_db()
    return answer(site_shape(site))


def _forms() -> Any:
    return Form.objects.in_use().select_related("campaign", "source").prefetch_related("wordings")


@transaction.atomic
def _saved(request: Request, form: Form, said: dict[str, Any]) -> Form:
    by = caller(request)
    to_open, put_away, seen = said.pop("open", None), said.pop("archived", False), said.pop("version", None)
    asked = _asked(form, said)
    questions = [_question(one) for one in said.pop("questions")] if "questions" in said else questions_in(form.fields)
    if said or asked or form.pk is None or seen is not None:
        save_form(form=form, by=by, questions=questions, asked=asked or _asked_now(form), seen=seen, **said)
    if to_open is not None:
        (open_form if to_open else close_form)(form=form, by=by)
    if put_away:
        put_away_form(form=form, by=by)
    return Form.objects.select_related("campaign", "source").prefetch_related("wordings").get(pk=form.pk)


def _question(one: dict[str, Any]) -> Question:
    return Question(one["key"], Kind(one["kind"]), one["label"], one["is_needed"], tuple(one["choices"]), one["help"])


def _asked(form: Form, said: dict[str, Any]) -> Asked | None:
    """What is asked after the change, where the body speaks of it or of the questions."""
    if not {"wording", "wording_is_needed", "questions"} & said.keys():
        return None
    now = _asked_now(form)
    return Asked(said.pop("wording", now.text), said.pop("wording_is_needed", now.is_needed))


def _asked_now(form: Form) -> Asked:
    wording = form.wording if form.pk else None
    return Asked(wording.text, wording.is_needed) if wording else Asked()


def shape_of(form: Form) -> FormShape:
    wording = form.wording
    return FormShape(
        id=form.pk,
        url=settings.SITE_URL + reverse("form-page", args=[form.token]),
        name=form.name,
        deed=form.deed,
        language=form.language,
        title=form.title,
        lead=form.lead,
        questions=[
            QuestionShape(one.key, one.kind.value, one.label, one.is_needed, list(one.choices), one.help)
            for one in questions_in(form.fields)
        ],
        button=form.button,
        wording=wording.text if wording else "",
        wording_number=wording.number if wording else None,
        wording_is_needed=bool(wording and wording.is_needed),
        confirms_address=form.confirms_address,
        thanks=form.thanks,
        leads_to=form.leads_to,
        campaign=form.campaign.key if form.campaign else None,
        source=form.source.key,
        open=form.is_open,
        version=form.version,
    )


def site_shape(site: Site) -> SiteShape:
    return SiteShape(site.pk, site.name, site.source.key, site.secret, site.key.revoked_at)
