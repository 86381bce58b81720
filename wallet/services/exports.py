"""Exports of the ledger for other programs: CSV, JSON lines, beancount. Amounts are exact decimal text."""

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Protocol, TextIO

from wallet.domain import beancount
from wallet.domain.accounts import AccountName
from wallet.domain.money import Asset
from wallet.services.export_lines import Line, Selection, Side, read_lines, read_sides
from wallet.services.snapshot import snapshot

COLUMNS = (
    "transfer",
    "written_at",
    "event_at",
    "asset",
    "kind",
    "amount",
    "debit",
    "credit",
    "debit_version",
    "debit_balance",
    "credit_version",
    "credit_balance",
    "cause",
    "memo",
    "hold",
    "reverses",
    "key_hash",
    "body_hash",
)
# A spreadsheet takes text that begins so for a formula, and would run it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Cell = int | str | None


class Format(Protocol):
    """How an export is written."""

    def write(self, line: Line) -> None: ...

    def close(self) -> None:
        """Write what follows the last line."""


class Csv:
    """One line of names, then one for each transfer; text that a spreadsheet would run has an apostrophe before it."""

    def __init__(self, out: TextIO) -> None:
        self._csv = csv.writer(out, lineterminator="\n")
        self._csv.writerow(COLUMNS)

    def write(self, line: Line) -> None:
        cells = _cells(line)
        cells["memo"], cells["cause"] = _harmless(line.memo), _harmless(line.cause)
        self._csv.writerow(cells.values())

    def close(self) -> None: ...


class JsonLines:
    """One JSON object in each line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, line: Line) -> None:
        self._out.write(json.dumps(_cells(line), ensure_ascii=False) + "\n")

    def close(self) -> None: ...


class Beancount:
    """A file that `bean-check` proves: at its end the balance of every account is asserted, without a tolerance.

    Accounts that are shown whole are asserted to hold what the ledger says of them; of somebody else's account, in the
    export of one user, there is only what stands in the file.
    """

    def __init__(self, out: TextIO, *, selection: Selection, sides: dict[int, Side]) -> None:
        self._out, self._selection, self._sides = out, selection, sides
        self._open_on: date | None = None
        self._newest: date | None = None
        self._closing_ubtt: dict[int, int] = {}  # by account; as in the ledger, so with the other sign
        self._opened_ubtt: dict[int, int] = defaultdict(int)  # by asset
        out.write('option "title" "Seedbox ledger"\n\n')

    def write(self, line: Line) -> None:
        at = line.written_at.date()
        # If the clock was set back an entry may be older than the first; no account was open then.
        self._open_on = self._open_on or at
        self._newest = max(at, self._newest or at)
        self._take(line.debit, -line.amount_ubtt, line.debit_balance_ubtt)
        self._take(line.credit, line.amount_ubtt, line.credit_balance_ubtt)
        about = {"transfer": str(line.id), "cause": line.cause, "event_at": _time(line.event_at)}
        if line.reverses is not None:
            about["reverses"] = str(line.reverses)
        entry = beancount.transaction(
            at=max(at, self._open_on),
            payee=line.kind.label,
            narration=line.memo,
            about=about,
            debit=beancount.place_of(line.debit.name),
            credit=beancount.place_of(line.credit.name),
            amount_ubtt=line.amount_ubtt,
            unit=line.asset.unit,
        )
        self._out.write(entry)

    def close(self) -> None:
        """Assert all balances, at the beginning of the day after the last."""
        if self._newest is None:
            return
        at = self._newest + timedelta(days=1)
        if self._selection.is_whole:
            self._take_the_rest()
        for account_id, closing_ubtt in self._closing_ubtt.items():
            name = self._sides[account_id].name
            self._out.write(beancount.balance(beancount.place_of(name), -closing_ubtt, at=at, asset=name.asset))
        for asset, opened_ubtt in self._opened_ubtt.items():
            place = beancount.opening_place(Asset(asset))
            self._out.write(beancount.balance(place, opened_ubtt, at=at, asset=Asset(asset)))

    def _take(self, side: Side, change_ubtt: int, balance_ubtt: int) -> None:
        if side.id not in self._closing_ubtt:
            self._open(side)
            self._closing_ubtt[side.id] = 0
            if side.is_shown and balance_ubtt != change_ubtt:
                self._begin_with(side, balance_ubtt - change_ubtt)
        if side.is_shown:
            self._closing_ubtt[side.id] = balance_ubtt
        else:
            self._closing_ubtt[side.id] += change_ubtt

    def _open(self, side: Side) -> None:
        assert self._open_on is not None
        place = beancount.place_of(side.name)
        self._out.write(beancount.open_account(place, at=self._open_on, asset=side.name.asset))

    def _begin_with(self, side: Side, before_ubtt: int) -> None:
        """Write what an account had before the first line with it."""
        assert self._open_on is not None
        asset = side.name.asset
        opening = beancount.opening_place(asset)
        if asset not in self._opened_ubtt:
            self._out.write(beancount.open_account(opening, at=self._open_on, asset=asset))
        self._opened_ubtt[asset] += before_ubtt
        entry = beancount.transaction(
            at=self._open_on,
            payee="Opening balance",
            narration="",
            about={},
            debit=opening,
            credit=beancount.place_of(side.name),
            amount_ubtt=before_ubtt,
            unit=asset.unit,
        )
        self._out.write(entry)

    def _take_the_rest(self) -> None:
        """Assert what the ledger's accounts say, without a transfer too: nobody may have money from nowhere."""
        for side in self._sides.values():
            if self._selection.asset in (None, side.name.asset):
                if side.id not in self._closing_ubtt:
                    self._open(side)
                self._closing_ubtt[side.id] = side.balance_ubtt


FORMATS = ("csv", "jsonl", "beancount")


def export(out: TextIO, *, form: str, selection: Selection, progress: Callable[[int], None] | None = None) -> int:
    """Write the selected transfers as they are at this moment; return how many. Memory does not grow with them."""
    count = 0
    with snapshot():
        sides = read_sides(selection)
        written = format_called(form, out, selection, sides)
        for lines in read_lines(selection, sides):
            for line in lines:
                written.write(line)
            count += len(lines)
            if progress:
                progress(count)
        written.close()
    return count


def format_called(form: str, out: TextIO, selection: Selection, sides: dict[int, Side]) -> Format:
    """Return what writes an export of that form; the accounts of a line are known by the time it is written."""
    if form == "csv":
        return Csv(out)
    return JsonLines(out) if form == "jsonl" else Beancount(out, selection=selection, sides=sides)


def _cells(line: Line) -> dict[str, Cell]:
    debit, credit = line.debit, line.credit
    cells: tuple[Cell, ...] = (
        line.id,
        _time(line.written_at),
        _time(line.event_at),
        line.asset.unit,
        line.kind.name.lower(),
        beancount.number(line.amount_ubtt),
        _account(debit.name),
        _account(credit.name),
        line.debit_version if debit.is_shown else None,
        beancount.number(line.debit_balance_ubtt) if debit.is_shown else None,
        line.credit_version if credit.is_shown else None,
        beancount.number(line.credit_balance_ubtt) if credit.is_shown else None,
        line.cause,
        line.memo,
        line.hold,
        line.reverses,
        bytes(line.key_hash).hex(),
        bytes(line.body_hash).hex(),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _account(name: AccountName) -> str:
    kind = name.kind.name.lower()
    return f"{kind}:{name.ref}" if name.ref else kind


def _time(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
