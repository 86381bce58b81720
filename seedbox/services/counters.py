"""What a node counts, as the health page names and writes it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.units import NOTHING, format_bytes, format_count, format_speed
from seedbox.domain.upload_test import BEST, BEST_AT

UNKNOWN = "unknown:"  # stands before the name of an alert


def _time(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M} UTC" if at_s else NOTHING


# In the order of the page. All but the fastest upload begin anew with the node's process.
NAMES: dict[str, tuple[str, Callable[[int], str]]] = {
    "torrents": (gettext_noop("Torrents in the engine"), format_count),
    "sent_bytes": (gettext_noop("Sent to peers"), format_bytes),
    BEST: (gettext_noop("Fastest upload of the last week"), format_speed),
    BEST_AT: (gettext_noop("When that was"), _time),
    "dht_nodes": (gettext_noop("Nodes known of the DHT"), format_count),
    "peers_not_reached": (gettext_noop("Peers that could not be reached"), format_count),
    "alerts": (gettext_noop("Messages of the engine"), format_count),
    "alerts_dropped": (gettext_noop("Messages of the engine that were lost"), format_count),
    "commands_failed": (gettext_noop("Commands the engine could not carry out"), format_count),
    "illegal_moves": (gettext_noop("Changes of state that are not foreseen"), format_count),
    "resume_saves_refused": (gettext_noop("States the engine did not hand out to be saved"), format_count),
    "resume_writes_failed": (gettext_noop("States that could not be written to the disk"), format_count),
    "log_lines_lost": (gettext_noop("Lines lost of the logs of torrents"), format_count),
    "live_messages_lost": (gettext_noop("Messages lost to open pages"), format_count),
    "live_watches_unanswered": (gettext_noop("Times Redis did not say who looks"), format_count),
}


def in_words(counters: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return names and figures for a reader. What a node of another version counts has its own name, at the end."""
    known = [(_(name), write(counters[key])) for key, (name, write) in NAMES.items() if key in counters]
    others = sorted((key, count) for key, count in counters.items() if key not in NAMES)
    return known + [(_other(key), format_count(count)) for key, count in others]


def _other(key: str) -> str:
    if key.startswith(UNKNOWN):
        return _("Messages of the engine that are not known: %(name)s") % {"name": key.removeprefix(UNKNOWN)}
    return key
