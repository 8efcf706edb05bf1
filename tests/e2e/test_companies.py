"""Companies in a real browser: from the list to the page, people taken in and parted, all undone by one key."""

import re

import pytest
from playwright.sync_api import Page, expect

from contacts.companies import create_company, join_company, update_company
from contacts.models import Membership, Tie
from contacts.services import NewContact, create_contact
from funnel.advancing import advance_everything
from funnel.company_counts import work_off_company_marks
from staff.policy import Principal
from tests.e2e.people import story
from tests.e2e.scenes import enter, serious, sideways

pytestmark = pytest.mark.django_db(transaction=True)


def nordic():
    """A company with two people, one of whom its address proposes, and a company beside it."""
    user, aino = story()
    by = Principal(user=user)
    company = aino.memberships.get().company
    company = update_company(company=company, by=by, domains=["nordlogi.fi"])
    create_company(by=by, name="Rautatie Oy")
    create_contact(by=by, new=NewContact(attributes={"name": "Helmi Niemi", "email": "helmi@nordlogi.fi"}))
    advance_everything()
    work_off_company_marks()
    return user, company


def test_a_company_is_found_read_and_worked_with(site: Page):
    user, _company = nordic()
    enter(site, user)
    site.goto("/companies")
    expect(site.locator(".co-tb tbody tr")).to_have_count(2)
    site.get_by_label("In any stage").select_option("customer")
    expect(site).to_have_url(re.compile(r"/companies\?stage=customer$"))
    expect(site.locator(".co-tb tbody tr")).to_have_count(1)
    site.fill("#q", "nordl")
    expect(site).to_have_url(re.compile(r"q=nordl&stage=customer$"))
    expect(site.locator(".co-tb tbody tr")).to_have_count(1)
    site.locator(".co-tb .nm a").focus()
    site.keyboard.press("Enter")
    expect(site.locator("#breadth")).to_have_text("1 of 3 is a customer; every decision maker is one.")

    site.get_by_role("button", name="Give Helmi Niemi a place here").click()
    expect(site.locator(".toast-text")).to_have_text("1 person has a place in Nordlogi Oy.")
    expect(site.locator("#breadth")).to_have_text("1 of 4 is a customer; every decision maker is one.")
    site.keyboard.press("z")
    expect(site.locator("#side-proposed")).to_be_visible()

    site.get_by_role("button", name="End the place of Jenni Aalto today").click()
    expect(site.locator("#breadth")).to_have_text("1 of 2 is a customer; every decision maker is one.")
    expect(site.locator(".co-net")).to_contain_text("Jenni Aalto")
    site.keyboard.press("z")
    expect(site.locator("#breadth")).to_have_text("1 of 3 is a customer; every decision maker is one.")

    site.get_by_role("link", name="Tie").click()
    site.locator("#id_whom").press_sequentially("rautat")
    expect(site.locator("#found option")).to_have_count(1)
    site.fill("#id_whom", site.locator("#found option").get_attribute("value") or "")
    site.select_option("#id_kind", "owner")
    site.locator("#drawer").get_by_role("button", name="Add").click()
    expect(site.locator(".co-net")).to_contain_text("owns this company")
    assert (Tie.objects.count(), Membership.objects.filter(until=None).count()) == (1, 3)

    site.locator(".move-why summary").first.press("Enter")
    expect(site.locator(".move-because").first).to_contain_text("Rule")

    site.get_by_role("link", name="Decision maker, Customer: 1 person").click()
    expect(site.locator(".co-mates li")).to_have_count(1)
    site.goto("/companies/new")
    site.fill("#id_name", "Nordlogi Ab")
    expect(site.locator("#co-alike")).to_contain_text("has nearly this name")


def test_a_company_is_read_by_thumb_in_the_dark_and_in_finnish(site: Page):
    user, company = nordic()
    user.language = "fi"
    user.save()
    site.emulate_media(color_scheme="dark")
    site.set_viewport_size({"width": 390, "height": 844})
    enter(site, user)
    for address in ("/companies", f"/companies/{company.pk}"):
        site.goto(address)
        expect(site.locator("h1")).to_be_visible()
        assert (serious(site), sideways(site)) == ([], [])
    expect(site.locator("#breadth")).to_have_text("3 ihmisestä 1 on asiakas; jokainen päättäjä on asiakas.")


def test_two_companies_are_found_to_be_one_put_together_and_parted_by_one_key(site: Page):
    user, _company = nordic()
    by = Principal(user=user)
    other = create_company(by=by, name="Nordlogi Ab", domains=["nordlogi.se"])
    swede = create_contact(by=by, new=NewContact(attributes={"name": "Lars Lind"}))
    join_company(contact=swede, company=other, by=by)
    advance_everything()
    enter(site, user)
    site.goto("/companies")
    site.get_by_role("link", name="Known twice?").click()
    expect(site.locator(".l-pairs > li")).to_have_count(1)
    site.get_by_role("link", name="Look at both").click()
    expect(site.locator(".l-merge")).to_contain_text("nordlogi.fi, nordlogi.se all are kept")
    site.get_by_label("Nordlogi Ab").check()
    site.get_by_role("button", name="Make the two one company").click()
    expect(site.locator("h1")).to_have_text("Nordlogi Ab")
    expect(site.locator(".co-mates")).to_contain_text("Lars Lind")
    expect(site.locator("#merges")).to_contain_text("nordlogi.se")
    assert (serious(site), sideways(site)) == ([], [])
    site.get_by_role("link", name="Show in Contacts").click()
    expect(site.locator("#ask")).to_contain_text("has a place in")
    expect(site.locator("#ask")).to_contain_text("Nordlogi Ab")
    site.go_back()

    site.get_by_role("button", name="Part Nordlogi Ab again").click()
    expect(site.locator(".toast-text")).to_have_text("Nordlogi Ab is a company of its own again.")
    expect(site.locator("h1")).to_have_text("Nordlogi Oy")
    expect(site.locator(".co-mates")).not_to_contain_text("Lars Lind")
    site.keyboard.press("m")
    site.locator("#drawer").get_by_role("link", name="Nordlogi Ab").click()
    site.get_by_role("button", name="Make the two one company").click()
    expect(site.locator(".co-mates")).to_contain_text("Lars Lind")
    site.keyboard.press("z")
    expect(site.locator(".co-mates")).not_to_contain_text("Lars Lind")
    assert Membership.objects.get(contact=swede).company == other


def test_several_companies_are_chosen_by_keys_given_an_owner_and_taken_back(site: Page):
    user, _company = nordic()
    enter(site, user)
    site.goto("/companies")
    expect(site.locator(".l-count")).to_have_text("2companies known")
    site.keyboard.press("j")
    site.keyboard.press("x")
    expect(site.locator("#n-chosen")).to_have_text("1 chosen")
    site.get_by_role("button", name="Choose all 2").click()
    expect(site.locator("#n-chosen")).to_have_text("All chosen")
    site.get_by_role("button", name="Assign").click()
    expect(site.locator("#drawer")).to_contain_text("2 companies are chosen. Their people keep their owners.")
    site.select_option("#p-owner", str(user.pk))
    site.locator("#drawer").get_by_role("button", name="Give them an owner").click()
    expect(site.locator(".toast-text")).to_have_text("2 companies are given.")
    expect(site.locator(".co-tb .own")).to_have_count(2)
    assert (serious(site), sideways(site)) == ([], [])
    site.keyboard.press("z")
    expect(site.locator(".co-tb .own")).to_have_count(0)
    site.set_viewport_size({"width": 390, "height": 844})
    assert sideways(site) == []
