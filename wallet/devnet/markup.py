"""HTML in which nothing is taken as HTML but what was made here: text from the chain is anybody's."""

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already. Only `tag` and `joined` make it."""

    __slots__ = ()


Content = str | int | Markup | None
VOID = frozenset({"input", "link", "meta"})


def safe(content: Content) -> Markup:
    if isinstance(content, Markup):
        return content
    return Markup("" if content is None else escape(str(content), quote=True))


def tag(name: str, /, *contents: Content, **attributes: Content) -> Markup:
    """Return an element. Attributes: `class_` is class, other underscores are dashes, None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in VOID else f"{joined(contents)}</{name}>"
    return Markup(f"<{name}{written}>{end}")


def joined(contents: Iterable[Content], between: str = "") -> Markup:
    return Markup(safe(between).join(safe(content) for content in contents))
