"""`{% url %}` for all templates: an address that is always the same is worked out once."""

from django import template
from django.template import defaulttags
from django.template.base import FilterExpression, Parser, Token

register = template.Library()


class Address(template.Node):
    def __init__(self, url: defaulttags.URLNode) -> None:
        self.url = url
        self.known = ""

    def render(self, context: template.Context) -> str:
        if not self.known:
            self.known = self.url.render(context)
        return self.known


@register.tag
def url(parser: Parser, token: Token) -> template.Node:
    asked = defaulttags.url(parser, token)
    is_fixed = all(_is_fixed(one) for one in (asked.view_name, *asked.args))
    return Address(asked) if is_fixed and not asked.kwargs and not asked.asvar else asked


def _is_fixed(said: FilterExpression) -> bool:
    return not said.is_var and not said.filters
