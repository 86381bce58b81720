"""The tabs of a torrent's page that other apps bring; the composition root registers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbox.models import User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Tab:
    """A part of the page of a torrent, as one of its holders sees it."""

    key: str
    label: "str | _StrPromise"
    template: str
    context: Callable[[User, int, Mapping[str, str]], Mapping[str, Any]]  # of a holder, a holding's id, and a query


_tabs: dict[str, Tab] = {}


def register(tab: Tab) -> None:
    _tabs[tab.key] = tab


def forget(key: str) -> None:
    _tabs.pop(key, None)


def find(key: str) -> Tab | None:
    return _tabs.get(key)


def labels() -> "dict[str, str | _StrPromise]":
    return {tab.key: tab.label for tab in _tabs.values()}
