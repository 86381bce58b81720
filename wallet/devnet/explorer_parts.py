"""What the explorer's pages are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wallet.devnet import wording
from wallet.devnet.answers import BlockRef, BlockTransaction
from wallet.devnet.endpoint import Endpoint
from wallet.devnet.http import Answer
from wallet.devnet.markup import Content, Markup, joined, tag
from wallet.devnet.views import View
from wallet.domain.tron.addresses import Address, is_address, to_base58

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "explorer.css").read_bytes()
SCRIPT = (FOLDER / "explorer.js").read_bytes()
ICON = (FOLDER / "explorer.svg").read_bytes()
PAGE_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
TRANSACTION_HEADS = ("Transaction", "What", "When", "From", "To", "Amount", "State")


@dataclass(frozen=True)
class Scene:
    """The chain as a page sees it."""

    view: View
    head: BlockRef
    solid: int
    now_ms: int

    @classmethod
    def of(cls, endpoint: Endpoint) -> "Scene":
        view = endpoint.view(is_solid=False)
        solid = endpoint.view(is_solid=True).tip().number
        return cls(view, view.tip(), solid, endpoint.devnet.summary().clock_ms)


def document(title: str, *contents: Content, status: int = 200, is_live: bool = False, searched: str = "") -> Answer:
    search = tag(
        "form",
        tag(
            "input",
            name="q",
            type="search",
            value=searched or None,
            placeholder="Block, transaction or address",
            aria_label="Block, transaction or address",
            autocomplete="off",
            spellcheck="false",
            maxlength=80,
        ),
        tag("button", "Find"),
        action="/search",
        role="search",
    )
    mark = tag("span", "TRON", class_="mark", aria_hidden="true")
    header = tag("header", tag("a", mark, "Development chain", href="/", class_="home"), search)
    footer = tag(
        "footer", "A chain for tests. Nothing on it is worth anything. What java-tron answers is under /wallet/."
    )
    body = tag("body", header, tag("main", *contents, data_live="" if is_live else None), footer)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · Development chain"),
        tag("link", rel="icon", href="/explorer.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href="/explorer.css"),
        tag("script", src="/explorer.js", defer="") if is_live else None,
    )
    whole = f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"
    return Answer(whole.encode(), status, "text/html; charset=utf-8", PAGE_HEADERS)


def section(title: str, *contents: Content, note: Content = None) -> Markup:
    heading = tag("div", tag("h2", title), tag("p", note, class_="note") if note else None, class_="heading")
    return tag("section", heading, *contents)


def title_of(text: str, *, badge: Markup | None = None, code: str = "") -> Markup:
    return tag("div", tag("h1", text), badge, tag("p", code, class_="code whole") if code else None, class_="title")


def tiles(pairs: Iterable[tuple[str, Content, Content]]) -> Markup:
    """Return a row of figures: a name, the figure, and a word about it."""
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", figure), tag("dd", word, class_="note"))
            for name, figure, word in pairs
        ),
        class_="tiles",
    )


def facts(pairs: Iterable[tuple[str, Content]]) -> Markup:
    """Return names and what is so called; those without anything are left out."""
    return tag(
        "dl",
        *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs if value not in (None, "")),
        class_="facts",
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[Content]], *, empty: str) -> Markup:
    """Return a table that a narrow screen shows as a list: each cell knows the name of its column."""
    lines = [
        tag("tr", *(tag("td", cell, data_head=head) for head, cell in zip(heads, row, strict=True))) for row in rows
    ]
    if not lines:
        return tag("p", empty, class_="empty")
    return tag(
        "table", tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))), tag("tbody", *lines)
    )


def transactions(scene: Scene, found: Iterable[BlockTransaction], *, empty: str) -> Markup:
    return table(TRANSACTION_HEADS, (_transaction_row(scene, one) for one in found), empty=empty)


def _transaction_row(scene: Scene, found: BlockTransaction) -> Sequence[Content]:
    deed = wording.deed(scene.view, found.raw)
    return (
        transaction_link(found.tx_id),
        deed.kind,
        when(scene, found.block.timestamp_ms) if found.block else "not yet",
        address_link(deed.owner),
        address_link(deed.other),
        tag("span", deed.amount, class_="amount"),
        state_badge(scene, found),
    )


def state_badge(scene: Scene, found: BlockTransaction) -> Markup:
    if found.block is None:
        return badge("pending", "waits")
    if found.contract_ret != "SUCCESS":
        return badge(found.contract_ret.replace("_", " ").lower(), "failed")
    return badge("solid", "good") if found.block.number <= scene.solid else badge("in a block", "seen")


def badge(text: str, kind: str) -> Markup:
    return tag("span", text, class_=f"badge {kind}")


def when(scene: Scene, timestamp_ms: int) -> Markup:
    return tag("time", wording.age(timestamp_ms, scene.now_ms), title=wording.moment(timestamp_ms))


def block_link(number: int) -> Markup:
    return tag("a", f"{number:,}", href=f"/block/{number}")


def transaction_link(tx_id: bytes) -> Markup:
    return tag("a", short(tx_id.hex()), href=f"/tx/{tx_id.hex()}", class_="code", title=tx_id.hex())


def address_link(address: Address | None, *, is_whole: bool = False) -> Markup:
    if address is None or not is_address(address):
        return tag("span", "none", class_="note")
    text = to_base58(address)
    shown = text if is_whole else short(text)
    return tag("a", shown, href=f"/account/{text}", class_="code", title=text)


def short(text: str) -> str:
    return f"{text[:8]}…{text[-6:]}"


def pager(*, older: str | None, newer: str | None = None) -> Markup:
    links = [tag("a", name, href=target) for name, target in (("Newer", newer), ("Older", older)) if target]
    return tag("nav", joined(links), class_="pager", aria_label="Pages") if links else Markup("")
