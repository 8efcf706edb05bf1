"""What browsers get of npm's packages."""

from django.contrib.staticfiles import finders
from django.test import Client

SERVED = "npm/sortablejs/Sortable.min.js"


def test_a_file_browsers_may_have_is_found():
    assert str(finders.find(SERVED)).endswith("node_modules/sortablejs/Sortable.min.js")
    assert finders.find(SERVED, find_all=True) == [finders.find(SERVED)]


def test_any_other_is_not_found_rather_than_broken():
    assert finders.find("npm/sortablejs/package.json") is None
    assert finders.find("npm/sortablejs/package.json", find_all=True) == []


def test_files_may_be_read_from_a_sandboxed_frame_of_another_site(settings):
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True

    answer = Client().get("/static/css/form.css")

    assert (answer.status_code, answer["Cross-Origin-Resource-Policy"]) == (200, "cross-origin")
