"""What a user says of slow torrents: for all of them, for one otherwise, and what of both holds for that one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class TermsOfAll(Protocol):
    """What was said for all torrents; a wish of neither speed nor time is none."""

    @property
    def ceiling_ubtt_per_gib(self) -> int: ...

    @property
    def torrent_budget_ubtt(self) -> int: ...

    @property
    def least_bytes_per_s(self) -> int: ...

    @property
    def finish_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class OwnTerms:
    """What a user wants otherwise for one torrent; None is as for all."""

    ceiling_ubtt_per_gib: int | None = None
    budget_ubtt: int | None = None
    least_bytes_per_s: int | None = None
    finish_at: datetime | None = None

    @property
    def has_wish(self) -> bool:
        return self.least_bytes_per_s is not None or self.finish_at is not None


@dataclass(frozen=True)
class TorrentTerms:
    """What holds for one torrent."""

    ceiling_ubtt_per_gib: int
    budget_ubtt: int
    least_bytes_per_s: int
    finish_at: datetime | None


def terms_of_torrent(general: TermsOfAll, own: OwnTerms) -> TorrentTerms:
    """Return what holds for one torrent. The wish is one: with either of both given, none of that for all holds."""
    ceiling, budget = own.ceiling_ubtt_per_gib, own.budget_ubtt
    return TorrentTerms(
        ceiling_ubtt_per_gib=general.ceiling_ubtt_per_gib if ceiling is None else ceiling,
        budget_ubtt=general.torrent_budget_ubtt if budget is None else budget,
        least_bytes_per_s=(own.least_bytes_per_s if own.has_wish else general.least_bytes_per_s) or 0,
        finish_at=own.finish_at if own.has_wish else general.finish_at,
    )
