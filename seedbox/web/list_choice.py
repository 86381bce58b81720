"""What each user wants the list of torrents to look like: which columns in which order, and how long a page is."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from seedbox.services import screen_choices
from seedbox.services.listing import PAGE_SIZE
from seedbox.web import list_columns
from seedbox.web.list_columns import ListColumn

COLUMNS, PAGE = "torrents", "torrents page"  # screens, as choices are kept
PAGE_SIZES = (50, PAGE_SIZE, 200)


@dataclass(frozen=True)
class Choice:
    columns: tuple[ListColumn, ...]  # that are shown behind the name, in their order
    is_own: bool  # the user has said so; else it is what everybody sees
    page_size: int


@dataclass(frozen=True)
class Offer:
    """One line of the menu of columns."""

    column: ListColumn
    is_shown: bool = True
    is_first: bool = False
    is_last: bool = False


def of_user(user_id: int) -> Choice:
    """Return a user's choice; columns that nobody brings any more are left out."""
    known = list_columns.available()
    own = screen_choices.chosen(user_id=user_id, screen=COLUMNS)
    names: Sequence[str] = list_columns.USUAL if own is None else own
    columns = tuple(known[name] for name in names if name in known)
    return Choice(columns, own is not None, _page_size(screen_choices.chosen(user_id=user_id, screen=PAGE)))


def offers(choice: Choice) -> list[Offer]:
    """Return all columns, first those that are shown."""
    shown, known = choice.columns, list_columns.available()
    return [
        *(Offer(column, is_first=column == shown[0], is_last=column == shown[-1]) for column in shown),
        *(Offer(column, is_shown=False) for column in known.values() if column not in shown),
    ]


def save(form: QueryDict, *, user_id: int) -> None:
    """Keep what the menu's form says; names that are unknown and moves that lead nowhere say nothing."""
    size = form.get("size", "")
    if size in map(str, PAGE_SIZES):
        screen_choices.choose([size], user_id=user_id, screen=PAGE)
    if "usual" in form:
        screen_choices.forget(user_id=user_id, screen=COLUMNS)
        return
    known = list_columns.available()
    names = [name for name in dict.fromkeys(form.getlist("columns")) if name in known]
    names = _moved(_moved(names, form.get("earlier"), by=-1), form.get("later"), by=1)
    is_usual = screen_choices.chosen(user_id=user_id, screen=COLUMNS) is None and names == list(list_columns.USUAL)
    if not is_usual:
        screen_choices.choose(names, user_id=user_id, screen=COLUMNS)


def _moved(names: list[str], name: str | None, *, by: int) -> list[str]:
    if name not in names:
        return names
    rest = [other for other in names if other != name]
    rest.insert(max(names.index(name) + by, 0), name)
    return rest


def _page_size(chosen: Sequence[str] | None) -> int:
    size = chosen[0] if chosen else ""
    return int(size) if size in map(str, PAGE_SIZES) else PAGE_SIZE
