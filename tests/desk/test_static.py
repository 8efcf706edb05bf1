"""What browsers get of npm's packages."""

from django.contrib.staticfiles import finders

SERVED = "npm/sortablejs/Sortable.min.js"


def test_a_file_browsers_may_have_is_found():
    assert str(finders.find(SERVED)).endswith("node_modules/sortablejs/Sortable.min.js")
    assert finders.find(SERVED, find_all=True) == [finders.find(SERVED)]


def test_any_other_is_not_found_rather_than_broken():
    assert finders.find("npm/sortablejs/package.json") is None
    assert finders.find("npm/sortablejs/package.json", find_all=True) == []
