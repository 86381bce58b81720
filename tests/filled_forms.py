"""The forms of a page, and what a person may send off by them: as it stands, with nothing, and with nonsense."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

NONSENSE = "7%x"  # no number, no name, no address
_BUTTONS = {"submit", "button", "reset"}


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def fillings(self) -> Iterator[dict[str, str]]:
        """Yield what may be sent, the hidden fields always as they stand."""
        yield self.fields
        if self.fields.keys() - self.hidden:
            for nonsense in ("", NONSENSE):
                yield {name: value if name in self.hidden else nonsense for name, value in self.fields.items()}


class _Forms(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._address = address
        self._form: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(said.get("action") or self._address) if said.get("method", "").lower() == "post" else None
            self.found += [self._form] if self._form else []
        elif self._form is not None and tag in ("input", "textarea", "button", "select"):
            self._select = said.get("name", "") if tag == "select" else ""
            self._take(tag, said)
        elif self._form is not None and tag == "option" and self._select and "selected" in said:
            self._form.fields[self._select] = said.get("value", "")

    def _take(self, tag: str, said: dict[str, str]) -> None:
        name, kind = said.get("name", ""), said.get("type", "")
        is_off = kind in ("checkbox", "radio") and "checked" not in said
        if self._form is None or not name or kind == "file" or is_off:
            return
        self._form.fields.setdefault(name, said.get("value", "on" if kind == "checkbox" else ""))
        if kind == "hidden" or tag == "button" or kind in _BUTTONS:
            self._form.hidden.add(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = ""


def forms_on(page: str, address: str) -> list[Form]:
    forms = _Forms(address)
    forms.feed(page)
    forms.close()
    return forms.found
