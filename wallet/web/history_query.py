"""The part of the history that an address asks for. What makes no sense is taken as not said."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict

from wallet.domain.kinds import TransferKind
from wallet.services.wanted import Wanted

MAX_TEXT_CHARS = 140
MAX_VERSION_DIGITS = 18  # what a 64-bit column can hold


@dataclass(frozen=True)
class Asked:
    """What stands in the filter's fields, and what it means."""

    kind: str
    who: str
    text: str
    from_date: str
    to_date: str
    before: int | None
    asset: str = ""  # "": the market's

    @property
    def wanted(self) -> Wanted:
        first, last = _day(self.from_date), _day(self.to_date)
        return Wanted(
            kind=TransferKind[self.kind.upper()] if self.kind else None,
            counterparty=self.who,
            text=self.text,
            written_from=_midnight(first) if first else None,
            written_before=_midnight(last) + timedelta(days=1) if last else None,
        )

    @property
    def filters(self) -> dict[str, str]:
        """Return the fields that somebody has filled in, by their names in the address."""
        fields = {"q": self.text, "kind": self.kind, "who": self.who, "from": self.from_date, "to": self.to_date}
        return {name: value for name, value in fields.items() if value}

    @property
    def has_more(self) -> bool:
        """Say whether a filter is set that is folded away otherwise."""
        return bool(self.filters.keys() - {"q"})

    def query(self, *, before: int | None) -> str:
        asset = {"asset": self.asset} if self.asset else {}
        fields = asset | self.filters | ({"before": str(before)} if before is not None else {})
        return f"?{urlencode(fields)}" if fields else ""


def read_asked(query: QueryDict, *, asset: str = "") -> Asked:
    kind = query.get("kind", "")
    before = query.get("before", "")
    return Asked(
        kind=kind if kind in KINDS else "",
        who=_text(query.get("who", "")),
        text=_text(query.get("q", "")),
        from_date=_date_text(query.get("from", "")),
        to_date=_date_text(query.get("to", "")),
        before=int(before) if before.isdecimal() and before.isascii() and len(before) <= MAX_VERSION_DIGITS else None,
        asset=asset,
    )


# Of those that a user's account can have.
KINDS = frozenset(
    kind.name.lower() for kind in TransferKind if kind not in (TransferKind.WITHDRAWAL_FINAL, TransferKind.NETWORK_FEE)
)


def _text(text: str) -> str:
    return text.replace("\0", "").strip()[:MAX_TEXT_CHARS]


def _date_text(text: str) -> str:
    return text if _day(text) else ""


def _day(text: str) -> date | None:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return day if date(2000, 1, 1) <= day <= date(9000, 1, 1) else None  # far from where a time overflows
    return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
