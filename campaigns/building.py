"""Forms and tracked websites as staff and programs make them."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any, Final

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.text import slugify
from django.utils.translation import gettext as _

from campaigns.models import Form, Handout, Site, Wording
from campaigns.questions import Question, faults_in
from contacts.models import Source, SourceKind, Trust
from staff import audit
from staff.keys import create_key, revoke_key
from staff.policy import PUBLIC_SCOPES, Principal

LARGEST_FILE: Final = 10 * 1024 * 1024
# What browsers only keep, never run: a file of another kind is handed out as bytes.
SAFE_KINDS: Final = (
    "application/pdf",
    "image/png",
    "image/jpeg",
    "text/plain",
    "application/zip",
    "application/epub+zip",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks people to agree to; without text, nothing."""

    text: str = ""
    is_needed: bool = False


def save_form(
    *,
    form: Form,
    by: Principal,
    questions: Sequence[Question],
    asked: Asked,
    seen: int | None = None,
    file_of: Form | None = None,
    **values: Any,
) -> Form:
    """Make a form, or change one; raises ValidationError with all that is wrong.

    `seen` is the version that whoever changes it has before them: where somebody saved another one meanwhile, nothing
    is changed (`changed_meanwhile`). `file_of` is another form whose file this one gives, too.
    """
    with transaction.atomic():
        is_new = form.pk is None
        if not is_new:
            _hold(form, seen)
            form.version += 1
        for name, value in values.items():
            setattr(form, name, value)
        form.fields = msgspec.to_builtins(list(questions))
        faults = faults_in(questions)
        if faults:
            raise ValidationError({"questions": faults})
        form.full_clean(exclude=["fields", "token", "source", "opened_at", "archived_at"])
        if is_new:
            form.token, form.source = token_urlsafe(16), _source_for(form.name, SourceKind.FORM)
        form.save()
        Source.objects.filter(pk=form.source_id).update(name=form.name)
        _reword(form, asked, by)
        given = Handout.objects.filter(form=file_of).first() if file_of else None
        if given:
            give_file(form=form, by=by, name=given.name, kind=given.kind, body=bytes(given.body))
        audit.record(by=by, action="form_made" if is_new else "form_changed", kind="form", row=form.pk)
    return form


def open_form(*, form: Form, by: Principal) -> None:
    """Let people outside fill it in."""
    with transaction.atomic():
        if Form.objects.in_use().filter(pk=form.pk, opened_at=None).update(opened_at=Now()):
            audit.record(by=by, action="form_opened", kind="form", row=form.pk)
    form.refresh_from_db()


def close_form(*, form: Form, by: Principal) -> None:
    """Whoever opens its link now reads that it is closed."""
    with transaction.atomic():
        if Form.objects.filter(pk=form.pk).exclude(opened_at=None).update(opened_at=None):
            audit.record(by=by, action="form_closed", kind="form", row=form.pk)
    form.refresh_from_db()


def put_away_form(*, form: Form, by: Principal) -> None:
    """Close it and leave it out of the lists; what was sent by it stays."""
    with transaction.atomic():
        if Form.objects.in_use().filter(pk=form.pk).update(opened_at=None, archived_at=Now()):
            audit.record(by=by, action="form_put_away", kind="form", row=form.pk)
    form.refresh_from_db()


def give_file(*, form: Form, by: Principal, name: str, kind: str, body: bytes) -> Handout:
    """The file that those get who send the form; it takes the place of the one before."""
    if len(body) > LARGEST_FILE:
        raise ValidationError(_("A file has at most %d MB.") % (LARGEST_FILE // 1024**2), code="too_large")
    if not body:
        raise ValidationError(_("The file is empty."), code="empty")
    with transaction.atomic():
        values = {"name": name[-120:], "kind": kind if kind in SAFE_KINDS else "application/octet-stream"}
        given, _made = Handout.objects.update_or_create(form=form, defaults={**values, "size": len(body), "body": body})
        audit.record(by=by, action="form_file_given", kind="form", row=form.pk, file=given.name)
    return given


def take_file_back(*, form: Form, by: Principal) -> None:
    with transaction.atomic():
        if Handout.objects.filter(form=form).delete()[0]:
            audit.record(by=by, action="form_file_taken_back", kind="form", row=form.pk)


def add_site(*, name: str, by: Principal) -> Site:
    """A website for the tracking script, with a source and a public key of its own."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise ValidationError(_("A website has a name of at most 80 characters."), code="name")
    with transaction.atomic():
        source = _source_for(name, SourceKind.TRACKING)
        key, secret = create_key(name=name, source=source.key, scopes=PUBLIC_SCOPES, public=True, by=by)
        site = Site.objects.create(name=name, source=source, key=key, secret=secret)
        audit.record(by=by, action="site_added", kind="site", row=site.pk)
    return site


def close_site(*, site: Site, by: Principal) -> None:
    """Take nothing more from this website."""
    revoke_key(site.key, by=by)


def _hold(form: Form, seen: int | None) -> None:
    now = Form.objects.select_for_update().values_list("version", flat=True).get(pk=form.pk)
    if seen is not None and seen != now:
        words = _("Somebody else saved this form while you changed it. Open it on another tab and compare, then save.")
        raise ValidationError(words, code="changed_meanwhile")
    form.version = now


def _source_for(name: str, kind: SourceKind) -> Source:
    """A public source of this kind, with a key that nobody else has."""
    short = slugify(name.replace(".", "-"))[:24].strip("-_")
    beginning = f"{kind.value}-{short}".strip("-")
    return Source.objects.create(
        key=f"{beginning}-{token_urlsafe(4).lower().replace('_', '0').replace('-', '0')}",
        name=name,
        kind=kind,
        trust=Trust.PUBLIC,
    )


def _reword(form: Form, asked: Asked, by: Principal) -> None:
    """A wording that was asked once stays as it was; another one gets the next number."""
    newest = form.wordings.order_by("-number").first()
    text = asked.text.strip()
    if newest is None and not text:
        return
    if newest is None or (newest.text, newest.is_needed) != (text, asked.is_needed and bool(text)):
        number = newest.number + 1 if newest else 1
        Wording.objects.create(
            form=form, number=number, text=text, is_needed=asked.is_needed and bool(text), by=by.user
        )
