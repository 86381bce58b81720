"""Prices of bytes without a lost fraction: whole µBTT are owed, what is less than one is carried.

From the market's protocol (clearing, price and rounding): owed is the floor of the sum, never a sum of floors, so a
billion small steps and one large one come to the same.
"""

from dataclasses import dataclass

GIB = 2**30  # prices are in µBTT per GiB
PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Accrual:
    """What a deal owes so far: `owed_ubtt` and `carried` / 2³⁰ of a µBTT, with 0 ≤ carried < 2³⁰."""

    owed_ubtt: int = 0
    carried: int = 0

    def after(self, *, size_bytes: int, price_ubtt_per_gib: int) -> "Accrual":
        """Return it after so many more bytes at a price, which may change from step to step. Raises ValueError."""
        if size_bytes < 0 or price_ubtt_per_gib < 0:
            raise ValueError("bytes and prices are not below zero")
        whole, carried = divmod(self.carried + size_bytes * price_ubtt_per_gib, GIB)
        return Accrual(self.owed_ubtt + whole, carried)


def fee_of(cumulative_ubtt: int, fee_ppm: int) -> int:
    """Return the fee of a cumulative total, rounded down in the payee's favour; book the growth of it."""
    return cumulative_ubtt * fee_ppm // PPM


def equal_shares(cumulative_ubtt: int, holders: int) -> int:
    """Return each holder's share of a cumulative total; what does not divide waits for more."""
    return cumulative_ubtt // holders
