"""Pieces of pages that are drawn once: again for other values and other languages, never for the same."""

from itertools import count

from django.template import Context, Engine
from django.utils import translation

ENGINE = Engine(libraries={"kept": "crm.templatetags.kept", "i18n": "django.templatetags.i18n"})


def test_a_piece_is_drawn_once_for_the_same_values():
    template = ENGINE.from_string("{% load kept %}{% kept name %}{{ name }} {{ drawn }}{% endkept %}")
    drawn = count(1)
    drawings = [template.render(Context({"name": name, "drawn": drawn.__next__})) for name in ("a", "b", "a", "b")]
    assert drawings == ["a 1", "b 2", "a 1", "b 2"]


def test_a_piece_is_drawn_in_each_language():
    template = ENGINE.from_string('{% load i18n kept %}{% kept %}{% translate "Contacts" %}{% endkept %}')
    drawn = []
    for language in ("en", "fi", "en"):
        with translation.override(language):
            drawn.append(template.render(Context()))
    assert drawn == ["Contacts", "Kontaktit", "Contacts"]
