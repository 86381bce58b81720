"""What payers and addresses have had, paid and left unpaid, summed over their deals: what a seller's credit goes by."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from speed.domain.credit import Standing, unpaid


@dataclass(frozen=True, slots=True)
class Account:
    """One deal's figures; a deal counts at each address that its buyer has come from."""

    payer: str
    places: tuple[str, ...]
    sent_bytes: int  # under grants
    covered_bytes: int
    written_off_bytes: int

    @property
    def standing(self) -> Standing:
        unpaid_bytes = unpaid(
            sent_bytes=self.sent_bytes,
            covered_bytes=self.covered_bytes,
            written_off_bytes=self.written_off_bytes,
        )
        return Standing(self.covered_bytes, self.sent_bytes, unpaid_bytes, self.written_off_bytes)


NOBODY = Standing()


class Trust:
    """The sums over some deals at one moment, on top of those of others."""

    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        before: "Trust | None" = None,
        paid_before: Mapping[str, int] | None = None,
    ) -> None:
        """`paid_before` is what payers have paid for, in bytes, in deals that count no longer otherwise."""
        self._before = before
        self._payers = {payer: Standing(paid_bytes=paid) for payer, paid in (paid_before or {}).items()}
        self._places: dict[str, Standing] = {}
        self.strangers_unpaid_bytes: int = before.strangers_unpaid_bytes if before else 0
        for account in accounts:
            self.add(account)

    def add(self, account: Account) -> None:
        """Count one deal more."""
        self._count(account, 1)

    def change(self, before: Account, after: Account) -> None:
        """Count a deal as it is now in place of how it was counted."""
        self._count(before, -1)
        self._count(after, 1)

    def _count(self, account: Account, times: int) -> None:
        old, standing = self.payer(account.payer), account.standing
        new = self._payers[account.payer] = _plus(old, standing, times)
        self.strangers_unpaid_bytes += _as_stranger(new) - _as_stranger(old)
        for place in account.places:
            self._places[place] = _plus(self.place(place), standing, times)

    def payer(self, payer: str) -> Standing:
        return self._payers.get(payer) or (self._before.payer(payer) if self._before else NOBODY)

    def place(self, place: str) -> Standing:
        return self._places.get(place) or (self._before.place(place) if self._before else NOBODY)


def _as_stranger(standing: Standing) -> int:
    return standing.unpaid_bytes if standing.is_stranger else 0


def _plus(one: Standing, other: Standing, times: int) -> Standing:
    return Standing(
        paid_bytes=one.paid_bytes + times * other.paid_bytes,
        sent_bytes=one.sent_bytes + times * other.sent_bytes,
        unpaid_bytes=one.unpaid_bytes + times * other.unpaid_bytes,
        written_off_bytes=one.written_off_bytes + times * other.written_off_bytes,
    )
