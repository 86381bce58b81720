"""What is the same in each row of a long list: put together for the first row, and said again for the others."""

from typing import Any

from django import template
from django.template import Context, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token
from django.utils.safestring import SafeString

register = template.Library()


class Once(Node):
    def __init__(self, body: NodeList, key: FilterExpression | None) -> None:
        self.nodelist = body
        self._key = key

    def render(self, context: Context) -> SafeString:
        said: dict[Any, SafeString] = context.render_context.setdefault(self, {})  # type: ignore[arg-type,assignment]  # its stubs know Django's own keys only
        key = self._key.resolve(context) if self._key else None
        if key not in said:
            said[key] = self.nodelist.render(context)
        return said[key]


@register.tag
def once(parser: Parser, token: Token) -> Once:
    """Keep what is between `{% once %}` and `{% endonce %}` as it is rendered first, or first for a key.

    It is kept while the file that it stands in is rendered, so the loop stands in the same file.
    """
    _, *key = token.split_contents()
    if len(key) > 1:
        raise TemplateSyntaxError("once takes one key, or none")
    body = parser.parse(("endonce",))
    parser.delete_first_token()
    return Once(body, parser.compile_filter(key[0]) if key else None)
