"""Filters as sentences: lines that people change word by word, and the documents of contacts.filtering they mean."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from contacts.asking import CUSTOM, ME
from contacts.attributes import FITS
from crm.desk.finding import number_said
from crm.desk.people.vocabulary import Words
from funnel.models import Health, Standing

MOST_LINES: Final = 20
Option = tuple[str, Any]  # what is sent, what is read

IS: Final = {"is": _("is"), "is_not": _("is not")}
ORDER: Final = {"at_least": _("is at least"), "at_most": _("is at most")}
HAS: Final = {"is": _("has"), "is_not": _("does not have")}
WHEN: Final = {
    "last": _("in the last"),
    "ago": _("more than"),
    "after": _("since"),
    "before": _("before"),
}


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that can be asked: how the sentence goes, and what control takes its value."""

    key: str
    phrase: Any
    control: str  # choice | text | number | when | deed | yes
    group: Any
    operators: Mapping[str, Any] = field(default_factory=dict)
    name: Any = ""  # in the list of all that can be asked, where the phrase would not do

    @property
    def label(self) -> Any:
        return self.name or self.phrase


_PATH: Final = _("On the path")
_WHO: Final = _("Who they are")
_DEEDS: Final = _("What they did")
_ORIGIN: Final = _("Where they came from")

ASKS: Final = (
    Ask("stage", "", "choice", _PATH, {"is": _("stands in"), "is_not": _("does not stand in")}, _("stands in a stage")),
    Ask("health", _("whose health"), "choice", _PATH, IS),
    Ask("cools_within", _("cools within (days)"), "number", _PATH),
    Ask("standing", _("whose standing"), "choice", _PATH, IS),
    Ask("score", _("whose score"), "number", _PATH, ORDER),
    Ask("fit", _("whose fit"), "choice", _PATH, IS),
    Ask("stage_entered_at", _("came to the stage"), "when", _PATH, WHEN),
    Ask("event", "", "deed", _DEEDS, {"did": _("did"), "did_not": _("did not")}, _("did or did not do something")),
    Ask("last_event_at", _("was last heard of"), "when", _DEEDS, WHEN),
    Ask("task", "", "choice", _DEEDS, HAS, _("has something to be done, or nothing")),
    Ask("owner", _("whose owner"), "choice", _WHO, IS),
    Ask("team", _("whose team"), "choice", _WHO, IS),
    Ask("tag", "", "choice", _WHO, {"is": _("is tagged"), "is_not": _("is not tagged")}, _("has a tag")),
    Ask("known", "", "choice", _WHO, HAS, _("has an e-mail address or a phone number")),
    Ask("company_name", _("works at"), "text", _WHO),
    Ask("country", _("whose country is"), "text", _WHO),
    Ask("language", _("whose language is"), "text", _WHO),
    Ask("source", _("whose source"), "choice", _ORIGIN, IS),
    Ask("campaign", _("whose campaign"), "choice", _ORIGIN, IS),
    Ask("created_at", _("became known"), "when", _ORIGIN, WHEN),
)
# What other pages ask: there are too many companies to choose from here, so it is said and can be taken away.
LED_TO: Final = (Ask("company", _("has a place in"), "choice", _WHO),)
_OPERATORS: Final[dict[str, dict[str, Any]]] = {
    "number": ORDER,
    "choice": IS,
    "date": {name: WHEN[name] for name in ("after", "before")},
}
_CONTROLS: Final = {"text": "text", "choice": "choice", "number": "number", "date": "when", "yes_no": "yes"}


def asks(words: Words) -> list[Ask]:
    own = [
        Ask(
            f"{CUSTOM}{one.key}",
            _Own(one.label),
            _CONTROLS[one.kind],
            _("Own fields"),
            _OPERATORS.get(one.kind, {}),
        )
        for one in words.all.fields
    ]
    return [*ASKS, *own]


class _Own:
    """«whose Plan», in the language of the reader."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __str__(self) -> str:
        return str(_("whose “%s”")) % self.label


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: a line of an "all" group (0) or of one of the "any" groups (1, 2, ...)."""

    ask: Ask
    operator: str = ""
    values: tuple[str, ...] = ()
    times: str = ""
    days: str = ""
    group: int = 0

    def document(self) -> dict[str, Any] | None:
        """What it means; nothing while something is missing."""
        key = self.ask.key
        match self.ask.control:
            case "choice":
                return _choice_document(key, self.operator, self.values)
            case "deed":
                return self._deed()
            case "when":
                return _when_document(key, self.operator, self.values)
        value = self.values[0].strip() if self.values else ""
        if not value:
            return None
        return {"field": key, self.operator or "is": _number(value) if self.ask.control == "number" else value}

    def _deed(self) -> dict[str, Any] | None:
        if not self.values or not self.values[0]:
            return None
        deed: dict[str, Any] = {"type": self.values[0]}
        if (times := number_said(self.times) or 0) > 1:
            deed["times"] = times
        if days := number_said(self.days):
            deed["days"] = days
        return {"field": "event", self.operator: deed}


def _choice_document(key: str, operator: str, values: Sequence[str]) -> dict[str, Any] | None:
    if not values:
        return None
    if len(values) == 1:
        return {"field": key, operator: values[0]}
    among = {"field": key, "in": list(values)}
    return {"none": [among]} if operator == "is_not" else among


def _when_document(key: str, operator: str, values: Sequence[str]) -> dict[str, Any] | None:
    value = values[0].strip() if values else ""
    if not value:
        return None
    if operator in {"last", "ago"}:
        if (days := number_said(value)) is None:
            return None
        return {"field": key, "at_least" if operator == "last" else "at_most": {"days_ago": days}}
    return {"field": key, "at_least" if operator == "after" else "less_than": value}


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


# --- From documents ---------------------------------------------------------------------------------------------------


class TooRich(Exception):
    """A filter that a program made, and that our sentences cannot say."""


def lines_of(document: Any, words: Words) -> list[Line]:
    """The sentences of a document; raises TooRich."""
    if document is None:
        return []
    known = {ask.key: ask for ask in (*asks(words), *LED_TO)}
    parts = document["all"] if set(document) == {"all"} else [document]
    lines, group = [], 0
    for part in parts:
        if set(part) == {"any"}:
            group += 1
            lines += [replace(_line(one, known), group=group) for one in part["any"]]
        else:
            lines.append(_line(part, known))
    return lines


def _line(part: Any, known: Mapping[str, Ask]) -> Line:
    inside = part["none"] if set(part) == {"none"} else None
    if inside is not None:
        if len(inside) != 1 or set(inside[0]) != {"field", "in"}:
            raise TooRich
        return replace(_line(inside[0], known), operator="is_not")
    ask = known.get(part.get("field", ""))
    [operator] = set(part) - {"field"} or [""]
    if ask is None or not operator:
        raise TooRich
    value = part[operator]
    match ask.control:
        case "choice":
            values = [_text(one) for one in (value if isinstance(value, list) else [value])]
            return Line(ask, "is" if operator == "in" else operator, tuple(values))
        case "deed":
            return Line(ask, operator, (value["type"],), str(value.get("times") or ""), str(value.get("days") or ""))
        case "when":
            return _when_line(ask, operator, value)
    if isinstance(value, list | dict) or (ask.operators and operator not in ask.operators):
        raise TooRich
    return Line(ask, operator, (_text(value),))


def _text(value: Any) -> str:
    if isinstance(value, bool):  # 1 is no truth
        return "true" if value else "false"
    if value is None:
        return "none"
    return "" if isinstance(value, list) else str(value)


def _when_line(ask: Ask, operator: str, value: Any) -> Line:
    if isinstance(value, dict):
        names = {"at_least": "last", "at_most": "ago"}
        if operator not in names:
            raise TooRich
        return Line(ask, names[operator], (str(value["days_ago"]),))
    names = {"at_least": "after", "less_than": "before"}
    if operator not in names or not isinstance(value, str) or len(value) != len("2026-01-01"):
        raise TooRich
    return Line(ask, names[operator], (value,))


def document_of(lines: Iterable[Line]) -> dict[str, Any] | None:
    """What the lines mean together; nothing when they ask for nothing."""
    parts: list[dict[str, Any]] = []
    groups: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        said = line.document()
        if said is None:
            continue
        if line.group == 0:
            parts.append(said)
            continue
        if line.group not in groups:
            groups[line.group] = []
            parts.append({"any": groups[line.group]})
        groups[line.group].append(said)
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"all": parts}


# --- From the form ----------------------------------------------------------------------------------------------------


def is_form(said: QueryDict) -> bool:
    return any(name in said for name in ("lines", "add"))


def lines_said(said: QueryDict, words: Words) -> list[Line]:
    """The lines of the form, after what its buttons ask: a line more, a line less."""
    known = {ask.key: ask for ask in (*asks(words), *LED_TO)}
    lines = []
    for number in range(MOST_LINES):
        ask = known.get(said.get(f"c.{number}.f", ""))
        if ask is None or said.get("drop") == str(number):
            continue
        group = said.get(f"c.{number}.g", "0")
        lines.append(
            Line(
                ask,
                _operator(ask, said.get(f"c.{number}.o", "")),
                tuple(value for value in said.getlist(f"c.{number}.v") if value),
                said.get(f"c.{number}.times", ""),
                said.get(f"c.{number}.days", ""),
                number_said(group) or 0,
            )
        )
    if ask := known.get(said.get("add", "")):
        lines.append(_blank(ask, 0))
    if ask := known.get(said.get("any", "")):
        lines.append(_blank(ask, max([line.group for line in lines], default=0) + 1))
    for name in [name for name in said if name.startswith("or.")]:
        place, ask = number_said(name[3:]), known.get(said.get(name, ""))
        if ask and place is not None:
            lines.append(_blank(ask, place))
    return sorted(lines, key=lambda line: line.group)[:MOST_LINES]


def lines_named(said: QueryDict, words: Words) -> list[Line]:
    """What other pages ask in a word: ?stage=lead, ?health=cooling,lapsed; what nobody knows asks for nothing."""
    lines = []
    for ask in ASKS:
        if ask.control == "choice" and ask.key in said:
            known = {value for value, _label in options(ask, words)}
            values = tuple(value for value in said.get(ask.key, "").split(",") if value in known)
            lines.append(Line(ask, "is", values))
    return lines


def _blank(ask: Ask, group: int) -> Line:
    return Line(ask, _operator(ask, ""), days="30" if ask.control == "deed" else "", group=group)


def _operator(ask: Ask, said: str) -> str:
    return said if said in ask.operators else next(iter(ask.operators), "is")


# --- What there is to choose ------------------------------------------------------------------------------------------


def options(ask: Ask, words: Words) -> list[Option]:
    every = words.all
    match ask.key:
        case "stage":
            return [(one.key, one) for one in every.stages]
        case "health":
            return [(one.name.lower(), _capital(one.label)) for one in Health]
        case "standing":
            return [(one.name.lower(), _capital(one.label)) for one in Standing]
        case "owner":
            staff = [(str(one.id), one.name) for one in every.users if one.is_active]
            return [(ME, _("me")), ("none", _("nobody")), *staff]
        case "team":
            return [("none", _("no team")), *[(str(one.id), one.name) for one in every.teams]]
        case "tag":
            return [(tag, tag) for tag in every.tags]
        case "source":
            return [(one.key, str(one)) for one in every.sources]
        case "campaign":
            return [(one.key, one.name) for one in every.campaigns]
        case "fit":
            return [(letter, letter) for letter in sorted(FITS)]
        case "task":
            return [("planned", _("a task to do")), ("overdue", _("an overdue task")), ("none", _("no task"))]
        case "known":
            return [("email", _("an e-mail address")), ("phone", _("a phone number")), ("company", _("a company"))]
        case "event":
            return [(one.key, one) for one in every.kinds]
    return [(choice, choice) for one in every.fields if f"{CUSTOM}{one.key}" == ask.key for choice in one.choices]


def _capital(words: Any) -> str:
    text = str(words)
    return text[:1].upper() + text[1:]
