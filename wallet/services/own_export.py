"""A user's own statement as a file, with the filters that it is shown with; written piece by piece, the oldest first.

Entries that are written never change, so that up to the one that is the newest now all stays as it is: no lock and no
snapshot is held while somebody's slow line takes the file.
"""

import io
from collections.abc import Iterable, Iterator

from django.db.models import Q

from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.models import Account, Transfer
from wallet.services.export_lines import Line, Selection, Side
from wallet.services.exports import Format, format_called
from wallet.services.wanted import EVERYTHING, Wanted, filters, versions

CHUNK = 2_000  # versions of a piece: a few hundred kilobytes


def pieces(account: Account, user_id: int, *, wanted: Wanted, form: str) -> Iterator[str]:
    """Return the entries that are wanted, as text of that form; each piece is read when it is taken.

    What is looked for is understood at once: by the first piece nobody knows any more how its reader writes numbers.
    Of an account that is shown whole beancount asserts the balance that the ledger says; else that of what is there.
    """
    has_ends = form == "beancount"
    out, sides = io.StringIO(), _Sides(account, is_shown=wanted == EVERYTHING or not has_ends, has_ends=has_ends)
    written: Format = format_called(form, out, Selection(user_id=user_id, asset=Asset(account.asset)), sides)
    both = filters(account, wanted)
    oldest, newest = versions(account, wanted, newest=account.version)
    parts = (_between(account, low, high, both) for low, high in _ranges(oldest, newest)) if both is not None else ()
    return _written(parts, written, out, sides)


def _ranges(oldest: int, newest: int) -> Iterator[tuple[int, int]]:
    return ((low, min(low + CHUNK - 1, newest)) for low in range(oldest, newest + 1, CHUNK))


def _written(parts: Iterable[list[Transfer]], written: Format, out: io.StringIO, sides: "_Sides") -> Iterator[str]:
    for part in parts:
        for transfer in part:
            written.write(sides.line_of(transfer))
        yield _taken(out)
    written.close()
    yield _taken(out)


class _Sides(dict[int, Side]):
    """The accounts that were met so far, by id, where the end of the file says something of each of them.

    Who trades meets another channel in every other entry: none is kept in vain.
    """

    def __init__(self, own: Account, *, is_shown: bool, has_ends: bool) -> None:
        super().__init__()
        self._own_id, self._is_shown, self._has_ends = own.pk, is_shown, has_ends

    def line_of(self, transfer: Transfer) -> Line:
        return Line(
            transfer.pk,
            Asset(transfer.asset),
            TransferKind(transfer.kind),
            self._side(transfer.debit),
            self._side(transfer.credit),
            transfer.amount_ubtt,
            transfer.debit_version,
            transfer.credit_version,
            transfer.debit_balance_ubtt,
            transfer.credit_balance_ubtt,
            transfer.event_at,
            transfer.written_at,
            bytes(transfer.key_hash),
            bytes(transfer.body_hash),
            transfer.cause,
            transfer.memo,
            transfer.hold_id,
            transfer.reverses_id,
        )

    def _side(self, account: Account) -> Side:
        if account.pk in self:
            return self[account.pk]
        is_shown = account.pk == self._own_id and self._is_shown
        side = Side(account.pk, account.name, account.balance_ubtt, is_shown)
        if self._has_ends:
            self[account.pk] = side
        return side


def _between(account: Account, low: int, high: int, both: tuple[Q, Q]) -> list[Transfer]:
    rows = Transfer.objects.select_related("debit", "credit")
    debits = rows.filter(both[0], debit_id=account.pk, debit_version__range=(low, high))
    credits = rows.filter(both[1], credit_id=account.pk, credit_version__range=(low, high))
    return sorted(
        [*debits, *credits], key=lambda one: one.credit_version if one.credit_id == account.pk else one.debit_version
    )


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text
