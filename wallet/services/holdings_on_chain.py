"""What our addresses hold by the blocks that were read: the sum of all movements, exact at the cursor's height."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from wallet.domain.money import Asset
from wallet.models import MovementSide
from wallet.services.snapshot import read, read_in_pieces

# PostgreSQL adds up decimals of any width; SQLite would make fractions of them, so they are added here.
_SUMS = """
SELECT asset, side, sender, recipient, SUM(amount::numeric)::text FROM wallet_chainmovement
WHERE network = %s AND block_number <= %s GROUP BY asset, side, sender, recipient
"""
_ROWS = """
SELECT asset, side, sender, recipient, amount FROM wallet_chainmovement WHERE network = %s AND block_number <= %s
"""


@dataclass
class Holdings:
    """In the chain's smallest units."""

    total: dict[Asset, int] = field(default_factory=lambda: defaultdict(int))
    by_address: dict[tuple[Asset, str], int] = field(default_factory=lambda: defaultdict(int))

    def of(self, address: str, asset: Asset) -> int:
        return self.by_address.get((asset, address), 0)

    def add(self, asset: Asset, side: MovementSide, sender: str, recipient: str, units: int) -> None:
        if side in (MovementSide.IN, MovementSide.INSIDE):
            self._change(asset, recipient, units)
        if side is not MovementSide.IN:
            self._change(asset, sender, -units)

    def _change(self, asset: Asset, address: str, units: int) -> None:
        self.total[asset] += units
        self.by_address[asset, address] += units


def holdings(network: str, height: int) -> Holdings:
    """Add up all movements to a height."""
    found = Holdings()
    for rows in _rows(network, height):
        for asset, side, sender, recipient, units in rows:
            found.add(Asset(asset), MovementSide(side), sender, recipient, int(units))
    return found


def _rows(network: str, height: int) -> Iterable[Sequence[tuple[int, str, str, str, str]]]:
    if connection.vendor == "postgresql":
        return [read(_SUMS, [network, height])]
    return read_in_pieces(_ROWS, [network, height])
