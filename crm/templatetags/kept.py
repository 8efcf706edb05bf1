"""`{% kept may_write %} ... {% endkept %}`: a piece of a page that the same values always make the same, made once."""

from typing import Any, Final

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

MOST: Final = 200  # pieces of one place; a place whose values are more than that is not worth keeping


class Kept(template.Node):
    """Whatever stands within may depend on the language and on the values named, and on nothing else."""

    def __init__(self, within: NodeList, values: list[FilterExpression]) -> None:
        self.within = within
        self.values = values
        self.made: dict[Any, SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        key = (get_language(), *[value.resolve(context) for value in self.values])
        piece = self.made.get(key)
        if piece is None:
            if len(self.made) >= MOST:
                self.made.clear()
            piece = self.made[key] = self.within.render(context)
        return piece


@register.tag
def kept(parser: Parser, token: Token) -> Kept:
    values = [parser.compile_filter(word) for word in token.split_contents()[1:]]
    within = parser.parse(("endkept",))
    parser.delete_first_token()
    return Kept(within, values)
