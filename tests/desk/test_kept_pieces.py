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


def test_what_is_another_each_time_is_put_into_a_piece_that_was_drawn_before():
    template = ENGINE.from_string("{% load kept %}{% kept filling token %}<i>{{ token }}</i>{{ drawn }}{% endkept %}")
    drawn = count(1)
    drawings = [template.render(Context({"token": token, "drawn": drawn.__next__})) for token in ("a", "<b>")]
    assert drawings == ["<i>a</i>1", "<i>&lt;b&gt;</i>1"]


def test_an_address_that_is_always_the_same_is_worked_out_once():
    engine = Engine(builtins=["crm.templatetags.addresses"])
    same = engine.from_string("{% url 'desk:bulk-deed' 'tag' %}")
    other = engine.from_string("{% url 'desk:job' number %}{% url 'desk:keys' as keys %} {{ keys }}")

    drawn = [same.render(Context()) for _ in range(2)] + [other.render(Context({"number": n})) for n in (1, 2)]

    assert drawn == ["/contacts/bulk/tag", "/contacts/bulk/tag", "/jobs/1 /keys", "/jobs/2 /keys"]
    assert [type(one.nodelist[0]).__name__ for one in (same, other)] == ["Address", "URLNode"]
