"""`{% kept may_write %} ... {% endkept %}`: a piece of a page that the same values always make the same, made once.

`{% kept places filling csrf_token %}`: what is named after `filling` is another each time; within, it stands for itself
as `{{ csrf_token }}`, without filters, and is put in whenever the piece is shown.
"""

import re
from secrets import token_hex
from typing import Any, Final

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

MOST: Final = 200  # pieces of one place; a place whose values are more than that is not worth keeping
_MARK: Final = token_hex(12)  # what nobody can write into a page
_BLANK: Final = re.compile(f"{_MARK}(\\w+){_MARK}")


class Kept(template.Node):
    """Whatever stands within may depend on the language and on the values named, and on nothing else."""

    def __init__(self, within: NodeList, values: list[FilterExpression], filling: list[str]) -> None:
        self.within = within
        self.values = values
        self.filling = filling
        self.made: dict[Any, list[str]] = {}

    def render(self, context: template.Context) -> SafeString:
        key = (get_language(), *[value.resolve(context) for value in self.values])
        pieces = self.made.get(key)
        if pieces is None:
            if len(self.made) >= MOST:
                self.made.clear()
            pieces = self.made[key] = self._drawn(context)
        if len(pieces) == 1:
            return SafeString(pieces[0])
        said = {name: str(conditional_escape(context[name])) for name in self.filling}
        return SafeString("".join(said[one] if place % 2 else one for place, one in enumerate(pieces)))

    def _drawn(self, context: template.Context) -> list[str]:
        """What is drawn, and between its pieces the names of what is to be filled in."""
        with context.push(**{name: f"{_MARK}{name}{_MARK}" for name in self.filling}):
            return _BLANK.split(self.within.render(context))


@register.tag
def kept(parser: Parser, token: Token) -> Kept:
    words = token.split_contents()[1:]
    end = words.index("filling") if "filling" in words else len(words)
    values = [parser.compile_filter(word) for word in words[:end]]
    within = parser.parse(("endkept",))
    parser.delete_first_token()
    return Kept(within, values, words[end + 1 :])
