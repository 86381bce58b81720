"""The columns that the list of torrents can have: the box's own, and those that other apps have registered."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from seedbox.models import Holding
from seedbox.services import columns
from seedbox.services.columns import MoreColumn
from seedbox.services.orders import Sort
from seedbox.services.rows import Cell, Row, torrent_row

Kind = Literal["name", "state", "progress", "figure", "words", "time"]


@dataclass(frozen=True)
class ListColumn:
    """One column: what its head says, and which cell of a row it shows in what way."""

    name: str  # a Sort, or that of another app's column: in addresses, and in what users choose
    label: str | Promise
    cell: str
    kind: Kind = "figure"
    css: str = ""  # classes that say how wide it is
    title: str | Promise = ""
    descends_first: bool = True  # of figures people look for the large ones

    @property
    def said(self) -> "ListColumn":
        """Return it with its words as they are now: a promise would be kept anew in each of a hundred rows."""
        return replace(self, label=str(self.label), title=str(self.title))


class Field(NamedTuple):
    """One cell of a row, with its column."""

    column: ListColumn
    value: Cell


NAME = ListColumn(Sort.NAME, _("Name"), "name", "name", "col-name", descends_first=False)
ADDED = ListColumn(Sort.ADDED, _("Added"), "added_text", "time", "col-time")
_OWN = (
    ListColumn(Sort.STATE, _("State"), "state_label", "state", "col-state", descends_first=False),
    ListColumn(Sort.PROGRESS, _("Progress"), "progress", "progress", "col-progress"),
    ListColumn(Sort.SIZE, _("Size"), "size", css="col-size"),
    ListColumn(Sort.DOWN, _("Down"), "down", css="col-speed col-down"),
    ListColumn(Sort.UP, _("Up"), "up", css="col-speed col-up"),
    ListColumn(Sort.ETA, _("ETA"), "eta", css="col-eta", descends_first=False),
    ListColumn(Sort.RATIO, _("Ratio"), "ratio", css="col-ratio"),
    ListColumn(Sort.PEERS, _("Peers"), "peers", css="col-peers"),
    ListColumn(Sort.SEEDS, _("Seeds"), "seeds", css="col-ratio"),
    ListColumn(Sort.DONE, _("Done"), "done", css="col-size"),
    ListColumn(Sort.DOWNLOADED, _("Downloaded"), "downloaded", css="col-sum"),
    ListColumn(Sort.UPLOADED, _("Uploaded"), "uploaded", css="col-sum"),
    ADDED,
    ListColumn(Sort.KIND, _("Kind"), "kind", "words", "col-kind"),
    ListColumn(Sort.NODE, _("Node"), "node", "words", "col-node", descends_first=False),
)
USUAL = (
    Sort.STATE,
    Sort.PROGRESS,
    Sort.SIZE,
    Sort.DOWN,
    Sort.UP,
    Sort.ETA,
    Sort.RATIO,
    Sort.PEERS,
)


def available() -> dict[str, ListColumn]:
    """Return all columns but the name, which is always there, by name."""
    return {column.name: column for column in (*_OWN, *map(_brought, columns.registered()))}


def is_order(name: str) -> bool:
    """Whether the list can be sorted by this, also while the column is not shown."""
    return name in set(Sort) or columns.find(name) is not None


def row(holding: Holding, shown: Iterable[ListColumn]) -> dict[str, Row | list[Field] | Cell]:
    """Return what the template shows of a holding, loaded as the list loads it: its cells, and those of the columns."""
    torrent = holding.torrent
    cells: Row = torrent_row(holding) | columns.cells(holding)
    cells |= {
        "added": holding.added_at.isoformat(timespec="seconds"),  # for <time datetime>
        "added_text": f"{holding.added_at:%Y-%m-%d %H:%M} UTC",
        "node": torrent.node.name,
    }
    return {**cells, "id": holding.pk, "fields": [Field(column, cells[column.cell]) for column in shown]}


def _brought(more: MoreColumn) -> ListColumn:
    return ListColumn(
        more.name, more.label, more.cell, css="col-more", title=more.title, descends_first=more.descends_first
    )
