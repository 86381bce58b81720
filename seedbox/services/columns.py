"""Columns of the list that other apps bring: a figure of each holding, sorted by and shown without knowing its meaning.

The composition root registers each by name, with what shows it; whoever knows the figures writes them here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils.functional import Promise

from seedbox.domain.units import NOTHING
from seedbox.models import Holding, HoldingColumn
from seedbox.services.rows import Row

AT_ONCE = 2_000  # rows of one statement


@dataclass(frozen=True)
class MoreColumn:
    """One column, by what its values are and how they are shown."""

    name: str  # in addresses, and in what users choose
    label: str | Promise
    show: Callable[[int], str]
    title: str | Promise = ""  # what the figure is, in a sentence
    descends_first: bool = True
    nothing: str = NOTHING  # for a holding without a value

    @property
    def cell(self) -> str:
        """Return the name of its cell in a row: no cell of the list's own is called so."""
        return f"x-{self.name}"


_columns: dict[str, MoreColumn] = {}


def register(column: MoreColumn) -> None:
    _columns[column.name] = column


def forget(name: str) -> None:
    _columns.pop(name, None)


def find(name: str) -> MoreColumn | None:
    return _columns.get(name)


def registered() -> tuple[MoreColumn, ...]:
    return tuple(_columns.values())


def loaded(holdings: QuerySet[Holding]) -> QuerySet[Holding]:
    """Return the holdings so that `cells` needs no more queries: one for all of them, none without a column."""
    if not _columns:
        return holdings
    values = HoldingColumn.objects.filter(name__in=list(_columns))
    return holdings.prefetch_related(Prefetch("more_columns", queryset=values))


def cells(holding: Holding) -> Row:
    """Return the cells of a row that is `loaded`."""
    if not _columns:
        return {}
    values = {more.name: more.value for more in holding.more_columns.all()}
    return {
        column.cell: column.show(values[name]) if name in values else column.nothing
        for name, column in _columns.items()
    }


def write(name: str, values: Mapping[int, int], *, of: Collection[int] | None = None) -> int:
    """Make these the values of a column, by holding, and return how many rows that has changed.

    They are all there are, or all there are of the holdings `of`: what is not among them is deleted. Holdings that are
    gone meanwhile are left out.
    """
    with transaction.atomic():
        before = dict(_stored(name, of))
        gone = before.keys() - values.keys()
        for some in _batches(sorted(gone)):
            HoldingColumn.objects.filter(name=name, holding_id__in=some).delete()
        changed = sorted(holding_id for holding_id, value in values.items() if before.get(holding_id) != value)
        written = sum(_upsert(name, values, some) for some in _batches(changed))
    return len(gone) + written


def _stored(name: str, of: Collection[int] | None) -> Iterator[tuple[int, int]]:
    stored = HoldingColumn.objects.filter(name=name).values_list("holding_id", "value")
    if of is None:
        yield from stored
        return
    for some in _batches(of):
        yield from stored.filter(holding_id__in=some)


def _upsert(name: str, values: Mapping[int, int], holding_ids: Collection[int]) -> int:
    # The lock keeps a holding from being removed between this look and the end: its value would refer to nothing.
    held = Holding.objects.select_for_update(no_key=True).filter(pk__in=holding_ids).order_by("pk")
    rows = [HoldingColumn(holding_id=pk, name=name, value=values[pk]) for pk in held.values_list("pk", flat=True)]
    HoldingColumn.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name", "holding"], update_fields=["value"]
    )
    return len(rows)


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    whole = list(ids)
    return (whole[start : start + AT_ONCE] for start in range(0, len(whole), AT_ONCE))
