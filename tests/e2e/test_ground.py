"""Pages come whole, from us alone, under the strict policy."""

import pytest
from playwright.sync_api import Page


@pytest.mark.django_db(transaction=True)
def test_the_sign_in_page_is_styled_and_asks_nobody_else(site: Page):
    site.goto("/accounts/login/")

    assert site.title() == "Sign in · Polku"
    assert site.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Inter Variable"')
    assert site.evaluate("[...document.styleSheets].map(sheet => sheet.cssRules.length > 0).every(Boolean)") is True
    assert site.evaluate("document.querySelectorAll('script:not([src]):not([type]), style, [style]').length") == 0
