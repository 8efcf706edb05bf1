"""Rules and moves said in plain words, in English and Finnish."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from funnel.playbook_vocabulary import LANGUAGES, Language
from funnel.playbooks import read_target
from funnel.state import DAY, Move

SECONDS_A_DAY = 86_400
WITHOUT_DECIMALS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})


class Part(NamedTuple):
    """A piece of a sentence. `kind`: words, event, condition, stage, health or standing; `key`: what it stands for."""

    kind: str
    text: str
    key: str = ""


def sentence(
    rule: Mapping[str, Any],
    document: Mapping[str, Any] | None = None,
    language: str = "en",
    labels: Mapping[str, str] | None = None,
) -> str:
    """The rule in one sentence. `labels` name stages (by key) in place of our own words.

    The document is not needed today: all that a rule says stands in the rule.
    """
    return "".join(part.text for part in sentence_parts(rule, language, labels))


def sentence_parts(
    rule: Mapping[str, Any], language: str = "en", labels: Mapping[str, str] | None = None
) -> list[Part]:
    """The same sentence in pieces, so that a page can set off events, conditions and places."""
    return _said(_words(language, labels), rule, [])


def condition_sentence(
    condition: Mapping[str, Any], language: str = "en", labels: Mapping[str, str] | None = None
) -> str:
    return _condition(_words(language, labels), condition)


def evidence_sentence(
    condition: Mapping[str, Any], value: Any, language: str = "en", labels: Mapping[str, str] | None = None
) -> str:
    """A condition with what was measured."""
    return _with_evidence(_words(language, labels), condition, [(value,)])


def explain(
    move: Move,
    document: Mapping[str, Any],
    language: str = "en",
    labels: Mapping[str, str] | None = None,
    event_type: str | None = None,
) -> str:
    """Why the move was made: its rule with what was measured, from where to where.

    The document is that of the move's version; `event_type`, that of its cause, leaves out the other types of the rule.
    """
    words = _words(language, labels)
    if move.rule is None:
        return words.start
    rule = document["rules"][move.rule]
    said = _said(words, _narrowed(rule, move, event_type), [(value,) for value in move.evidence])
    return words.by_rule.format(number=move.rule + 1, name=rule["name"], sentence="".join(part.text for part in said))


def _narrowed(rule: Mapping[str, Any], move: Move, event_type: str | None) -> dict[str, Any]:
    """The rule as if it had been made for this move alone."""
    narrowed = {name: rule[name] for name in rule if name != "from"}
    narrowed["to"] = move.to if move.dimension == "stage" else {move.dimension: move.to}
    if move.from_ is not None:
        narrowed["from"] = [move.from_]
    if event_type is not None and rule["on"] != "time":
        narrowed["on"] = [event_type]
    return narrowed


def _words(language: str, labels: Mapping[str, str] | None) -> Language:
    words = LANGUAGES.get(language[:2], LANGUAGES["en"])
    return words._replace(stages={**words.stages, **labels}) if labels else words


# The sentence


def _said(words: Language, rule: Mapping[str, Any], evidence: Sequence[tuple[Any, ...]]) -> list[Part]:
    parts = [*_occasion(words, rule, evidence), Part("words", words.then), *_outcome(words, rule)]
    first, *rest = [part for part in parts if part.text]
    return [first._replace(text=first.text[0].upper() + first.text[1:]), *rest, Part("words", ".")]


def _occasion(words: Language, rule: Mapping[str, Any], evidence: Sequence[tuple[Any, ...]]) -> Iterator[Part]:
    timer = rule["on"] == "time"
    yield Part("words", words.once if timer else words.when)
    if not timer:
        events = [Part("event", words.event(type_), type_) for type_ in rule["on"]]
        yield from _joined(events, words.or_)
    conditions = [
        Part("condition", _with_evidence(words, condition, evidence[place : place + 1]), str(place))
        for place, condition in enumerate(rule.get("when", ()))
    ]
    if conditions and not timer:
        yield Part("words", words.and_)
    yield from _joined(conditions, words.and_)
    if timer and not conditions:
        yield Part("words", words.any_time)


def _outcome(words: Language, rule: Mapping[str, Any]) -> Iterator[Part]:
    dimension, to, named_by = read_target(rule["to"])
    target = Part(
        dimension, words.named_stage.format(name=named_by) if named_by else words.place(dimension, to), to or ""
    )
    if dimension == "health" and to is None:
        yield Part("words", words.no_health)
        return
    if "from" not in rule:
        yield Part("words", words.becomes[dimension])
        yield target
        return
    before, between = words.changes[dimension]
    yield Part("words", before)
    origins = [Part(dimension, words.place(dimension, origin), origin or "") for origin in rule["from"]]
    yield from _joined(origins, words.or_)
    yield Part("words", between)
    yield target


def _joined(parts: list[Part], last: str) -> Iterator[Part]:
    """a, b or c"""
    for place, part in enumerate(parts):
        if place:
            yield Part("words", last if place == len(parts) - 1 else ", ")
        yield part


# Conditions


def _condition(words: Language, condition: Mapping[str, Any]) -> str:
    measure = condition["measure"]
    if measure in ("silence", "recall"):
        return _silence(words, condition) if measure == "silence" else words.recall
    operator = next(name for name in words.operators if name in condition)
    operand = condition[operator]
    if measure == "kept_orders" and (operator, operand) in (("at_most", 0), ("is", 0), ("less_than", 1)):
        return words.no_kept_order
    if operator == "exists":
        return f"{_subject(words, condition)} {words.known if operand else words.unknown}"
    return f"{_subject(words, condition)} {words.operators[operator]} {_operand(words, condition, operand)}"


def _silence(words: Language, condition: Mapping[str, Any]) -> str:
    least, most = condition.get("min_days"), condition.get("max_days")
    bounds = [
        form.format(days=days) for form, days in ((words.at_least_days, least), (words.at_most_days, most)) if days
    ]
    text = words.silence.format(number=condition["usual_intervals"])
    return f"{text} ({', '.join(bounds)})" if bounds else text


def _subject(words: Language, condition: Mapping[str, Any]) -> str:
    measure = condition["measure"]
    within = words.within.format(days=condition["within_days"]) if "within_days" in condition else ""
    if measure in ("count", "sum", "days_since"):
        form = "count_days" if measure == "count" and condition.get("distinct_days") else measure
        several = measure != "days_since"
        of = words.or_.join(words.noun(type_, several=several) for type_ in condition["of"])
        return words.subjects[form].format(of=of, within=within, currency=condition.get("currency", ""))
    return words.subjects[measure].format(name=condition.get("name", ""))


def _operand(words: Language, condition: Mapping[str, Any], operand: Any) -> str:
    if isinstance(operand, list):
        return words.or_.join(_operand(words, condition, member) for member in operand)
    measure = condition["measure"]
    if measure in ("stage", "health", "standing"):
        return words.place(measure, operand)
    if measure in ("days_since", "days_in_stage"):
        return words.days.format(days=operand)
    if measure == "sum":
        return _money(words, operand, condition["currency"])
    return _value(words, operand)


def _value(words: Language, value: Any) -> str:
    if isinstance(value, bool):
        return words.truth[value]
    if isinstance(value, str):
        return words.quoted.format(value)
    if isinstance(value, list):
        return ", ".join(_value(words, member) for member in value)
    return str(value).replace(".", words.point)


def _money(words: Language, minor: int, currency: str) -> str:
    if currency in WITHOUT_DECIMALS:
        return f"{minor} {currency}"
    sign, whole, part = "-" if minor < 0 else "", abs(minor) // 100, abs(minor) % 100
    return f"{sign}{whole}{words.point}{part:02} {currency}"


# What was measured


def _with_evidence(words: Language, condition: Mapping[str, Any], evidence: Sequence[tuple[Any, ...]]) -> str:
    said = _condition(words, condition)
    if not evidence or evidence[0][0] is None:
        return said
    write = _WRITTEN.get(condition["measure"], _as_it_is)
    form = words.usual_interval if condition["measure"] == "silence" else words.it_was
    measured = form.format(write(words, condition, evidence[0][0]))
    return f"{said[:-1]}; {measured})" if said.endswith(")") else f"{said} ({measured})"


def _as_it_is(words: Language, condition: Mapping[str, Any], value: Any) -> str:
    return _value(words, value)


_WRITTEN: dict[str, Callable[[Language, Mapping[str, Any], Any], str]] = {
    "silence": lambda words, _, seconds: words.days.format(days=-(-seconds // SECONDS_A_DAY)),
    "recall": lambda words, _, moment: _date(moment),
    "days_since": lambda words, _, elapsed: words.days.format(days=elapsed // DAY),
    "days_in_stage": lambda words, _, elapsed: words.days.format(days=elapsed // DAY),
    "score": lambda words, _, score: _value(words, score // 1000 if score % 1000 == 0 else round(score / 1000, 1)),
    "sum": lambda words, condition, minor: _money(words, minor, condition["currency"]),
    "stage": lambda words, _, place: words.place("stage", place),
    "health": lambda words, _, place: words.place("health", place),
    "standing": lambda words, _, place: words.place("standing", place),
}


def _date(moment: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).date().isoformat()
