"""The builder of forms, their page and the tracking script, as staff use them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from campaigns.models import Form, FormDay, Site, Wording
from crm.desk.forms.figures import over
from staff.models import Role
from tests.desk.scenes import queries_for
from tests.factories import make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


@pytest.fixture
def maria() -> Client:
    install()
    return signed_in(Role.MARKETER)


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(make_user(role=role), "django.contrib.auth.backends.ModelBackend")
    return client


def typed(**changes) -> dict[str, str]:
    return {
        "name": "Guide", "deed": "content_downloaded", "language": "en", "title": "The guide", "button": "Get it",
        "thanks": "Here it is.", "wording": "I want letters.", "confirms_address": "1",
        "0-key": "email", "0-kind": "email", "0-label": "E-mail",
        "1-key": "q1", "1-kind": "choice", "1-label": "Size", "1-choices": "small\n big \n\n", "1-needed": "1",
    } | changes  # fmt: skip


def saved(client: Client, **changes) -> Form:
    answer = client.post("/forms/new", typed(**changes))
    assert answer.status_code == 302, answer.content.decode()
    return Form.objects.latest("pk")


def test_a_form_is_built_opened_filled_in_and_closed(maria):
    form = saved(maria)

    assert (form.title, form.confirms_address, form.is_open) == ("The guide", True, False)
    assert list(form.wordings.values_list("number", "text")) == [(1, "I want letters.")]
    assert form.fields == [
        {"key": "email", "kind": "email", "label": "E-mail", "is_needed": True},
        {"key": "q1", "kind": "choice", "label": "Size", "is_needed": True, "choices": ["small", "big"]},
    ]
    maria.post(f"/forms/{form.pk}/open")
    page = Client().get(f"/f/{form.token}").content.decode()
    assert '<option value="big">big</option>' in page
    maria.post(f"/forms/{form.pk}/close")
    assert Client().get(f"/f/{form.token}").status_code == 410


@pytest.mark.parametrize(
    ("do", "labels"),
    [
        ("down:0", ["Size", "E-mail"]),
        ("up:1", ["Size", "E-mail"]),
        ("up:0", ["E-mail", "Size"]),
        ("drop:1", ["E-mail"]),
        ("add:long", ["E-mail", "Size", "Your message"]),
        ("add:nonsense", ["E-mail", "Size"]),
        ("drop:77", ["E-mail", "Size"]),
    ],
)
def test_questions_are_moved_dropped_and_added_and_nothing_is_saved(maria, do, labels):
    answer = maria.post("/forms/new", typed(do=do))

    draft = answer.context["draft"]
    assert [one.label for one in draft.questions] == labels
    assert len({one.key for one in draft.questions}) == len(labels)
    assert (draft.values["title"], Form.objects.count()) == ("The guide", 0)


def test_what_is_wrong_is_said_and_what_was_typed_stays(maria):
    answer = maria.post("/forms/new", typed(title="", **{"1-choices": "only one", "leads_to": "javascript:alert(1)"}))

    page = answer.content.decode()
    assert (answer.status_code, Form.objects.count()) == (422, 0)
    assert "Question 2: It needs 2 to 30 different answers to choose from, one a line." in page
    assert "only one" in page
    assert maria.post("/forms/new", typed(name="x" * 70_000)).status_code == 422


def test_a_save_over_the_save_of_another_is_refused_with_everything_kept(maria):
    form = saved(maria)
    maria.post(f"/forms/{form.pk}/edit", typed(seen="1", title="First"))

    answer = maria.post(f"/forms/{form.pk}/edit", typed(seen="1", title="Second"))

    form.refresh_from_db()
    assert (answer.status_code, form.title, answer.context["draft"].values["title"]) == (422, "First", "Second")
    assert "Somebody else saved this form while you changed it." in answer.content.decode()


@pytest.mark.parametrize("deed", ["message_received", "quote_requested", "newsletter_subscribed", "content_downloaded"])
def test_what_a_form_begins_with_can_be_saved_as_it_is(maria, deed):
    begun = maria.get(f"/forms/new?deed={deed}").context["draft"]

    rows = {
        f"{place}-{name}": value
        for place, one in enumerate(begun.questions)
        for name, value in (("key", one.key), ("kind", one.kind.value), ("label", one.label))
    }
    answer = maria.post("/forms/new", {**begun.values, **rows, "wording": begun.asked.text})

    assert answer.status_code == 302
    assert Wording.objects.count() == (1 if begun.asked.text else 0)


def test_the_list_and_the_page_cost_the_same_however_many_forms_there_are(maria):
    for number in range(3):
        saved(maria, name=f"Form {number}")
    few = queries_for(maria, "/forms")
    for number in range(3, 9):
        saved(maria, name=f"Form {number}")
    many = queries_for(maria, "/forms")

    assert maria.get("/forms").text.count(">Form ") == 9
    assert len(few) == len(many) <= 9


def test_salespeople_see_forms_and_change_none():
    install()
    form = saved(signed_in(Role.MARKETER))
    sales = signed_in(Role.SALES)

    assert [sales.get(f"/forms{rest}").status_code for rest in ("", f"/{form.pk}", f"/{form.pk}/edit", "/sites")] == [
        200, 200, 403, 403,
    ]  # fmt: skip
    assert sales.post(f"/forms/{form.pk}/open").status_code == 403


def test_a_website_gets_a_public_key_of_its_own_until_it_is_closed(maria):
    maria.post("/forms/sites", {"name": "www.example.com"})

    [site] = Site.objects.all()
    page = maria.get("/forms/sites").content.decode()
    assert (site.source.trust, site.key.scopes) == ("public", ["events:write"])
    assert f"data-key=&quot;{site.secret}&quot;" in page or f'data-key="{site.secret}"' in page
    maria.post(f"/forms/sites/{site.pk}/close")
    site.key.refresh_from_db()
    assert site.key.revoked_at is not None


def test_another_form_is_made_like_one_with_its_words_its_questions_and_its_file(maria):
    form = saved(maria, name="Guide")
    maria.post(f"/forms/{form.pk}/file", {"file": SimpleUploadedFile("g.pdf", b"%PDF-", "application/pdf")})
    address = f"/forms/new?like={form.pk}"
    draft = maria.get(address).context["draft"]
    page = maria.post(address, typed(do="add:long")).content.decode()

    maria.post(address, typed(name=draft.values["name"]))

    made, wording = Form.objects.latest("pk"), Wording.objects.latest("pk")
    assert f'action="{address}"' in page
    assert (made.name, made.fields, wording.form_id, wording.text, wording.number) == (
        "Guide, again", form.fields, made.pk, "I want letters.", 1,
    )  # fmt: skip
    assert (made.handout.name, bytes(made.handout.body), made.is_open) == ("g.pdf", b"%PDF-", False)
    assert made.token != form.token
    assert made.source_id != form.source_id
    assert maria.get("/forms/new?like=999999").status_code == 404


def test_the_page_tells_a_period_against_the_one_before_with_robots_and_who_confirmed(maria):
    form, today = saved(maria), timezone.localdate()
    for back, shown, sent, left_out, confirmed in ((0, 40, 10, 3, 4), (29, 10, 0, 1, 0), (30, 20, 2, 5, 1)):
        day = today - timedelta(days=back)
        FormDay.objects.create(form=form, day=day, shown=shown, sent=sent, left_out=left_out, confirmed=confirmed)

    month, quarter = over(form.pk, 30), over(form.pk, 90)

    assert (month.now[1:], month.before[1:]) == ((50, 10, 4, 4, 20.0), (20, 2, 5, 1, 10.0))
    assert [point.rate for point in month.points][-1] == 25.0  # of the last seven days
    assert [point[1:5] for point in month.points if not point.is_empty] == [(10, 0, 1, 0), (40, 10, 3, 4)]
    assert (len(month.points), len(quarter.points), quarter.now.sent, quarter.before.sent) == (30, 13, 12, 0)
    maria.post(f"/forms/{form.pk}/open")
    page = maria.get(f"/forms/{form.pk}?days=90").content.decode()
    assert "12 people sent it in the last 90 days. That is 17.1 % of those who saw it." in page
    assert "Confirmed their address" in page
    assert maria.get(f"/forms/{form.pk}?days=nonsense").context["period"].days == 30
