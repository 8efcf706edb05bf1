"""The forms of the demo company: what its website asks, who sent it lately, and what it asks them to agree to."""

import random
from datetime import timedelta
from typing import Final

from django.utils import timezone

from campaigns.building import Asked, add_site, open_form, save_form
from campaigns.models import Campaign, Deed, Form, FormDay
from campaigns.questions import Answers, Kind, Question
from campaigns.receiving import Visit, receive
from crm.world.working import Staff
from staff.policy import Principal

DAYS: Final = 30
_EMAIL: Final = Question("email", Kind.EMAIL, "E-mail", is_needed=True)
_NAME: Final = Question("name", Kind.NAME, "Name", is_needed=True)
_FIRST: Final = (
    ("Katri Ahonen", "katri.ahonen@lumi.example", "Nine of us sit all day. Could you come to us twice a week?"),
    ("Jari Pelkonen", "jari.pelkonen@koski.example", "What would ten lessons for two cost?"),
    ("Tuula Nyman", "tuula.nyman@saari.example", "My shoulder hurts since the summer. Is that something for you?"),
)


def ask_on_the_web(staff: Staff, *, seed: int) -> None:
    """Two forms that are open, one that is being built, and a website with the script."""
    luck = random.Random(seed)  # noqa: S311  (only how the demo looks)
    by = Principal(user=staff.marketer)
    add_site(name="www.valmennus.example", by=by)
    quote = _form(
        by, "Ask for a quote", Deed.QUOTE, "Training for you or your people",
        [_NAME, Question("company", Kind.COMPANY, "Company"), _EMAIL, Question("phone", Kind.PHONE, "Phone"),
         Question("q1", Kind.LONG, "What would you like?", is_needed=True)],
    )  # fmt: skip
    guide = _form(
        by, "Guide: a back that lasts", Deed.DOWNLOAD, "Twelve pages against an aching back", [_NAME, _EMAIL],
        wording="Send me a letter once a month. I can end it at any time.", campaign="spring-back",
        confirms_address=True,
    )  # fmt: skip
    _form(by, "Autumn fair", Deed.FORM, "Your posture, measured", [_NAME, _EMAIL], is_open=False)
    for name, email, text in _FIRST:
        said = Answers(email, {"name": name}, {"What would you like?": text}, text)
        receive(form=quote, answers=said, agreed=False, nonce=f"demo-{email}", visit=Visit())
    for form, shown, rate in ((quote, 14, 0.06), (guide, 31, 0.17)):
        _lately(form, shown, rate, luck)


def _form(
    by: Principal,
    name: str,
    deed: Deed,
    title: str,
    questions: list[Question],
    *,
    wording: str = "",
    campaign: str = "",
    confirms_address: bool = False,
    is_open: bool = True,
) -> Form:
    form = save_form(
        form=Form(), by=by, questions=questions, asked=Asked(wording), name=name, deed=deed, title=title,
        button="Send", thanks="Thank you. We answer within a working day.", confirms_address=confirms_address,
        campaign=Campaign.objects.filter(key=campaign).first(),
    )  # fmt: skip
    if is_open:
        open_form(form=form, by=by)
    return form


def _lately(form: Form, shown: int, rate: float, luck: random.Random) -> None:
    """How often it was shown and sent on the days before this one."""
    today = timezone.localdate()
    rows = []
    for back in range(1, DAYS):
        day = today - timedelta(days=back)
        views = luck.randint(shown // 2, shown * 3 // 2) // (3 if day.weekday() > 4 else 1)
        sent = sum(luck.random() < rate for _view in range(views))
        rows.append(FormDay(form=form, day=day, shown=views, sent=sent, left_out=luck.randint(0, 2)))
    FormDay.objects.bulk_create(rows)
