"""Bringing people in from a file, in a real browser: an export of HubSpot all the way, a workbook by thumb."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from contacts.importing.working import work_off_imports
from contacts.models import Contact, Import
from staff.models import User
from tests.contacts.samples import HUBSPOT, workbook
from tests.e2e.scenes import EMAIL, furnished, serious, sideways, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1440, "height": 900}


@pytest.fixture
def desk(site: Page, settings: Any, tmp_path: Path) -> Page:
    settings.IMPORTS_ROOT = tmp_path / "imports"
    furnished()
    site.set_viewport_size(WIDE)
    sign_in(site)
    return site


def test_people_of_hubspot_come_in_are_looked_at_and_go_again(desk: Page, tmp_path: Path):
    file = tmp_path / "hubspot-crm-exports.csv"
    file.write_text(HUBSPOT)
    desk.goto("/contacts")
    desk.get_by_role("link", name="Import", exact=True).click()
    desk.set_input_files("#file", file)
    desk.get_by_role("button", name="Upload").click()
    expect(desk.get_by_role("heading", name="This is an export of HubSpot.")).to_be_visible()
    expect(desk.locator("#col-4")).to_have_value("email")
    assert serious(desk) == []

    desk.select_option("#col-7", "email")  # the titles are no addresses
    desk.select_option("#col-4", "")
    desk.get_by_role("button", name="Try it").click()
    expect(desk.get_by_role("heading", name="Trying it, without writing anything")).to_be_visible()
    work_off_imports()
    expect(desk.locator(".im-errors")).to_contain_text("CEO")
    desk.select_option("#col-7", "title")
    desk.select_option("#col-4", "email")
    expect(desk.get_by_role("button", name="Try it")).to_be_enabled()
    desk.get_by_role("button", name="Try it").click()
    expect(desk.get_by_role("heading", name="Trying it, without writing anything")).to_be_visible()
    work_off_imports()
    expect(desk.locator(".im-errors")).to_contain_text("not an address")
    assert Contact.objects.filter(name="Anna Virtanen").count() == 0
    assert serious(desk) == []

    desk.get_by_role("button", name="Bring them in").click()
    expect(desk.get_by_role("heading", name="Bringing them in")).to_be_visible()
    work_off_imports()
    expect(desk.get_by_role("heading", name="3 of 4 rows are in.")).to_be_visible()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Download the refused rows").click()
    assert "not an address" in Path(download.value.path()).read_text()
    desk.get_by_role("link", name="Undo the import").click()
    expect(desk.locator(".drawer-in")).to_contain_text("Nobody has changed any of these people since.")
    desk.get_by_role("button", name="Undo the import").click()
    expect(desk.get_by_role("heading", name="Taking it back")).to_be_visible()
    work_off_imports()
    expect(desk.locator("#import")).to_contain_text("Taken back from 3 people.")
    desk.forgive("htmx:")  # type: ignore[attr-defined]  # a choice was made while the one before was on its way


def test_a_workbook_comes_in_in_finnish_by_thumb(desk: Page, tmp_path: Path):
    User.objects.filter(email=EMAIL).update(language="fi")
    file = tmp_path / "asiakkaat.xlsx"
    file.write_bytes(
        workbook(
            [
                ["Etunimi", "Sukunimi", "Sähköposti", "Tilauspäivä", "Summa"],
                ["Aino", "Mäki", "aino@maki.example", "1.3.2026", 12.5],
                ["Bo", "Ek", "väärä", "2.3.2026", 7],
            ],
            [["Tuote", "Hinta"], ["Tunti", 45]],
        )
    )
    desk.set_viewport_size(PHONE)
    desk.emulate_media(color_scheme="dark")
    desk.goto("/imports")
    desk.set_input_files("#file", file)
    desk.locator("[data-upload] button[type=submit]").click()
    expect(desk.locator("#col-3")).to_have_value("email")
    desk.get_by_label("Taulukko").select_option("Sheet2")
    expect(desk.locator("#h-1")).to_have_text("Tuote")
    desk.get_by_label("Taulukko").select_option("Sheet1")
    expect(desk.locator("#h-1")).to_have_text("Etunimi")
    assert (serious(desk), sideways(desk)) == ([], [])
    desk.get_by_role("button", name="Kokeile", exact=True).click()
    expect(desk.get_by_role("heading", name="Kokeillaan")).to_be_visible()
    work_off_imports()
    expect(desk.locator(".im-errors")).to_contain_text("väärä")
    assert (serious(desk), sideways(desk)) == ([], [])
    desk.locator(".im-go").get_by_role("button", name="Tuo", exact=True).click()
    expect(desk.get_by_role("heading", name="Tuodaan")).to_be_visible()
    work_off_imports()
    expect(desk.get_by_role("heading", name="2 riviä on sisällä.")).to_be_visible()
    assert Import.objects.get().created == 1
    assert sideways(desk) == []
    desk.forgive("htmx:")  # type: ignore[attr-defined]  # a look at how far it is, while it was done
