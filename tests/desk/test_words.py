"""Everything people read is there in Finnish too."""

import re
from functools import cache

from babel.messages.catalog import Message

from tests import catalogue

said = cache(catalogue.said)
finnish = cache(catalogue.finnish)


def texts(text: object) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (str(text),)


def spoken(messages: object) -> dict[object, Message]:
    return {(one.context, one.id): one for one in messages if one.id}  # type: ignore[attr-defined]


def test_each_text_has_its_finnish():
    there = spoken(finnish())

    missing = [key for key in spoken(said()) if key not in there or not all(texts(there[key].string))]

    assert missing == [], "python -m tests.catalogue adds them to the catalogue; then translate"


def test_nothing_is_translated_that_nobody_says():
    assert set(spoken(finnish())) - set(spoken(said())) == set()


def test_the_finnish_fills_in_what_the_english_fills_in():
    def filled(text: str) -> list[str]:
        return sorted(re.findall(r"%\(\w+\)[sd]|%[sd]|(?<!\{)\{\w*\}|</?\w+", text))

    uneven = [
        one.id
        for one in spoken(finnish()).values()
        if [filled(text) for text in texts(one.string)] != [filled(text) for text in texts(one.id)]
    ]

    assert uneven == []


def test_the_compiled_catalogue_is_that_of_the_words():
    assert catalogue.FINNISH.with_suffix(".mo").read_bytes() == catalogue.compiled(finnish())
