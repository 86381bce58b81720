"""The states a torrent can be seen in, and the legal moves between them; checked when this module is imported.

A state is what the node last *saw*; what users want is a wish. The node reports snapshots, so a move may jump over
states that lasted less than a tick: the table lists every pair that two snapshots in a row may show.
"""

import enum
from dataclasses import dataclass

from seedbox.domain.language import gettext_noop


class State(enum.StrEnum):
    WAITING = "waiting"
    METADATA = "metadata"
    CHECKING = "checking"
    DOWNLOADING = "downloading"
    SEEDING = "seeding"
    STOPPED = "stopped"
    FINISHED = "finished"
    MISSING = "missing"
    DISK = "disk"
    ERROR = "error"
    REMOVING = "removing"


@dataclass(frozen=True)
class StateText:
    label: str
    meaning: str  # one sentence for the page
    tone: str  # colour name of the design: secondary, azure, green, yellow, red
    moves_to: frozenset[State]


def _moves(*states: State) -> frozenset[State]:
    """Anything may fail, lose its disk or its files, or be removed."""
    return frozenset({*states, State.ERROR, State.DISK, State.MISSING, State.REMOVING})


_S = State
STATES: dict[State, StateText] = {
    _S.WAITING: StateText(
        gettext_noop("Waiting"),
        gettext_noop("The node has not picked this torrent up yet."),
        "secondary",
        _moves(_S.METADATA, _S.CHECKING, _S.DOWNLOADING, _S.SEEDING, _S.STOPPED, _S.FINISHED),
    ),
    _S.METADATA: StateText(
        gettext_noop("Fetching metadata"),
        gettext_noop("Looking for peers that know what this magnet contains."),
        "azure",
        _moves(_S.WAITING, _S.CHECKING, _S.DOWNLOADING, _S.SEEDING, _S.STOPPED, _S.FINISHED),
    ),
    _S.CHECKING: StateText(
        gettext_noop("Checking"),
        gettext_noop("Reading the files on disk and comparing them with their hashes."),
        "azure",
        _moves(_S.WAITING, _S.DOWNLOADING, _S.SEEDING, _S.STOPPED, _S.FINISHED, _S.METADATA),
    ),
    _S.DOWNLOADING: StateText(
        gettext_noop("Downloading"),
        gettext_noop("Fetching pieces from peers."),
        "blue",
        _moves(_S.WAITING, _S.CHECKING, _S.SEEDING, _S.STOPPED, _S.FINISHED),
    ),
    _S.SEEDING: StateText(
        gettext_noop("Seeding"),
        gettext_noop("Complete, and offered to other peers."),
        "green",
        _moves(_S.WAITING, _S.CHECKING, _S.DOWNLOADING, _S.STOPPED, _S.FINISHED),
    ),
    _S.STOPPED: StateText(
        gettext_noop("Stopped"),
        gettext_noop("Stopped before it was complete. Start it to go on."),
        "secondary",
        _moves(_S.WAITING, _S.METADATA, _S.CHECKING, _S.DOWNLOADING, _S.SEEDING, _S.FINISHED),
    ),
    _S.FINISHED: StateText(
        gettext_noop("Finished"),
        gettext_noop("Complete, and stopped. Start it to seed."),
        "green",
        _moves(_S.WAITING, _S.CHECKING, _S.DOWNLOADING, _S.SEEDING, _S.STOPPED),
    ),
    _S.MISSING: StateText(
        gettext_noop("Files missing"),
        gettext_noop(
            "Complete files are gone or have another size. Put them back and it goes on by itself, or fetch them."
        ),
        "red",
        _moves(*(state for state in _S)),
    ),
    _S.DISK: StateText(
        gettext_noop("Waits for disk"),
        gettext_noop(
            "The disk is full, read-only or not there. Nothing is lost; it goes on by itself when the disk is well."
        ),
        "yellow",
        _moves(*(state for state in _S)),
    ),
    _S.ERROR: StateText(
        gettext_noop("Error"),
        gettext_noop("Something went wrong; the torrent's log says what and what to do."),
        "red",
        _moves(*(state for state in _S)),
    ),
    _S.REMOVING: StateText(
        gettext_noop("Removing"),
        gettext_noop("The last holder removed this torrent; its files are being deleted."),
        "yellow",
        frozenset({_S.WAITING, _S.ERROR, _S.REMOVING}),
    ),
}


class IllegalTable(Exception):
    """The table of states is wrong: it names a state without an entry, or a state that nothing leads to."""


def check_table(table: dict[State, StateText]) -> None:
    """Refuse a table that misses a state or has one that no other leads to."""
    if missing := set(State) - set(table):
        raise IllegalTable(f"states without an entry: {sorted(missing)}")
    reachable = {target for state, text in table.items() for target in text.moves_to if target != state}
    if lonely := set(State) - reachable:
        raise IllegalTable(f"states that nothing leads to: {sorted(lonely)}")


check_table(STATES)


def is_legal_move(before: State, after: State) -> bool:
    """Say whether two snapshots in a row may show these states; staying is always legal."""
    return before == after or after in STATES[before].moves_to


ACTIVE_STATES = frozenset({State.METADATA, State.CHECKING, State.DOWNLOADING, State.SEEDING})
TROUBLED_STATES = frozenset({State.MISSING, State.DISK, State.ERROR})  # shown with a sentence of their own
COMPLETE_STATES = frozenset({State.SEEDING, State.FINISHED})
