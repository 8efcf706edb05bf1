"""The list of people in a real browser: sentences, choosing by mouse and keys, deeds to many, views, merging."""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from contacts.models import Contact, SavedView
from crm.desk.people.vocabulary import forget
from tests.e2e.scenes import aino, furnished, serious, sideways, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture
def people(site: Page) -> Page:
    forget()
    furnished()
    site.set_viewport_size(WIDE)
    sign_in(site)
    site.goto("/contacts?ordering=name")
    return site


def names(page: Page) -> list[str]:
    return page.locator("#chosen tbody .nm a").all_text_contents()


def test_a_filter_is_built_counted_kept_as_a_view_and_opened_again(people: Page):
    people.select_option("#f-add", "stage")
    people.get_by_label("Customer", exact=True).check()
    people.keyboard.press("Escape")
    expect(people.locator("#chosen tbody tr")).to_have_count(1)
    expect(people.locator(".l-count .t-fig")).to_have_text("1")
    found = names(people)

    people.get_by_role("link", name="Save as a view").click()
    people.get_by_label("Name", exact=True).last.fill("Buyers")
    people.get_by_role("button", name="Save", exact=True).click()
    expect(people.locator(".l-tabs [aria-current]")).to_have_text("Buyers 1")
    people.get_by_role("link", name="Everyone").click()
    expect(people.locator("#chosen tbody tr")).to_have_count(5)
    people.get_by_role("link", name="Buyers").click()
    expect(people.locator("#chosen tbody tr")).to_have_count(1)
    assert names(people) == found
    assert SavedView.objects.get().filter == {"field": "stage", "is": "customer"}


def test_search_finds_while_typing(people: Page):
    people.keyboard.press("/")
    people.keyboard.type("hamalai")
    expect(people.locator("#chosen tbody tr")).to_have_count(1)
    assert names(people) == ["Aino Hämäläinen"]
    expect(people.locator("#q")).to_be_focused()


def test_keys_walk_choose_and_open_and_the_chosen_are_tagged_and_untagged_again(people: Page):
    for key in ("j", "x", "j", "x"):
        people.keyboard.press(key)
    expect(people.locator("#n-chosen")).to_have_text("2 chosen")
    chosen = names(people)[:2]
    people.get_by_role("button", name="Tag", exact=True).click()
    people.locator("#p-tag").fill("Fair")
    expect(people.locator(".foreseen")).to_contain_text("2 people")
    people.get_by_role("button", name="Tag them").click()

    expect(people.locator(".toast-pk", has_text="2 people are tagged “fair”.")).to_be_visible()
    expect(people.locator("td.c-tags .lbl")).to_have_count(2)
    assert sorted(Contact.objects.filter(tags=["fair"]).values_list("name", flat=True)) == sorted(chosen)
    people.keyboard.press("z")
    expect(people.locator("td.c-tags .lbl")).to_have_count(0)
    people.keyboard.press("j")
    people.keyboard.press("Enter")
    expect(people).to_have_url(f"http://{people.url.split('/')[2]}/contacts/{aino().pk}")


def test_who_is_alike_is_named_while_typing_and_two_are_merged(people: Page):
    people.get_by_role("link", name="Contact", exact=True).click()
    people.locator("#n-name").fill("aino hamalaine")
    expect(people.locator(".dup")).to_contain_text("Aino Hämäläinen")
    people.locator("#n-name").fill("Aino H")
    people.get_by_role("button", name="Add", exact=True).click()
    expect(people.locator(".toast-pk", has_text="Aino H is added.")).to_be_visible()

    people.goto(f"/contacts/{Contact.objects.get(name='Aino H').pk}/merge/{aino().pk}")
    people.get_by_role("button", name="Make them one").click()
    expect(people.locator(".toast-pk", has_text="are one person now")).to_be_visible()
    assert Contact.objects.listed().count() == 5


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "dark"), (PHONE, "light")], ids=["wide", "phone"])
def test_axe_finds_nothing_serious_and_nothing_scrolls_sideways(people: Page, scheme: str, size: ViewportSize):
    people.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    people.set_viewport_size(size)
    people.goto("/contacts?stage=customer,lead&health=active,cooling")
    people.locator("#chosen tbody .cb").first.check()

    assert serious(people) == []
    assert not sideways(people)
