"""Which bytes of a deal are for money, and what they come to: the same sums at both ends.

Bytes are billed only while a grant runs, at most its speed times its time and 1 MiB for each round; all others are
free. The buyer's count decides; it tells it by round, in acks. Times are whole milliseconds of one clock.
"""

from dataclasses import dataclass, replace

from wallet.domain.money import MAX_AMOUNT_UBTT
from wallet.domain.rounding import Accrual

MIB = 2**20
GRANT_LIFE_MS = 12_000  # without a newer word: from its arrival at the buyer, from its sending at the seller
SLACK_BYTES = MIB  # of a round, for what was on its way
EDGE_MS = 500  # around a round's edge the two ends may count the same bytes for different rounds
KEPT_ROUNDS = 16  # that may still be counted anew; what a round came to before is settled
NOTHING = Accrual()
ACKED_AGAIN = 3  # rounds are told again at least, in case that an ack was lost


@dataclass(frozen=True, slots=True)
class Span:
    """A round's grant of one deal, as one end knows it: while it runs, bytes are for money."""

    round: int
    speed_bytes_per_s: int
    price_ubtt_per_gib: int
    began_at_ms: int
    ends_at_ms: int
    earlier_bytes: int = 0  # what the speed came to in earlier spans of the same round
    billed_bytes: int = 0  # of the round so far

    def allowed_bytes(self, now_ms: int) -> int:
        """Return how much of the round can be for money by now, rounded down."""
        runs_ms = max(0, min(now_ms, self.ends_at_ms) - self.began_at_ms)
        return self.earlier_bytes + self.speed_bytes_per_s * runs_ms // 1_000 + SLACK_BYTES

    def countable_bytes(self, now_ms: int) -> int:
        """Return what of the round may be acknowledged by now: bytes of a dear round are none of a cheap one."""
        slipped_bytes = SLACK_BYTES + self.speed_bytes_per_s * EDGE_MS // 1_000
        return min(self.allowed_bytes(now_ms), self.billed_bytes + slipped_bytes)

    def runs(self, now_ms: int) -> bool:
        return self.began_at_ms <= now_ms < self.ends_at_ms

    def after(self, size_bytes: int, now_ms: int) -> "Span":
        """Return it with as many of these bytes billed as may be; the rest is free for ever."""
        if not self.runs(now_ms):
            return self
        billed = min(self.billed_bytes + size_bytes, self.allowed_bytes(now_ms))
        return replace(self, billed_bytes=max(self.billed_bytes, billed))

    def ended(self, now_ms: int) -> "Span":
        """Return it with its end now: the deal got another grant or a refusal, or the connection is gone."""
        return replace(self, ends_at_ms=max(self.began_at_ms, min(self.ends_at_ms, now_ms)))


def granted(
    before: Span | None, *, round_number: int, speed_bytes_per_s: int, price_ubtt_per_gib: int, now_ms: int
) -> Span:
    """Return the span that a grant opens. A second grant of a round goes on at the first one's price and count."""
    span = Span(round_number, speed_bytes_per_s, price_ubtt_per_gib, now_ms, now_ms + GRANT_LIFE_MS)
    if before is None or before.round != round_number:
        return span
    earlier_bytes = before.allowed_bytes(now_ms) - SLACK_BYTES
    return replace(
        span,
        price_ubtt_per_gib=before.price_ubtt_per_gib,
        earlier_bytes=earlier_bytes,
        billed_bytes=before.billed_bytes,
    )


@dataclass(frozen=True, slots=True)
class RoundCount:
    """What was received under one round's grant."""

    round: int
    price_ubtt_per_gib: int
    received_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """All received bytes of a deal by the price of their rounds, as the buyer counts them and the seller is told.

    Old rounds are folded together, exactly: what is owed is the floor of the whole sum.
    """

    settled: Accrual = NOTHING
    settled_bytes: int = 0
    settled_round: int = -1  # the newest of those that cannot change any more
    rounds: tuple[RoundCount, ...] = ()  # in order, at most KEPT_ROUNDS

    def opened(self, round_number: int, price_ubtt_per_gib: int) -> "Tally":
        """Return it with one more round that can be counted; an old one stays as it is."""
        if round_number <= self.newest_round:
            return self
        rounds = (*self.rounds, RoundCount(round_number, price_ubtt_per_gib))
        old = rounds[:-KEPT_ROUNDS]
        settled, settled_bytes, settled_round = self.settled, self.settled_bytes, self.settled_round
        for count in old:
            settled = settled.after(size_bytes=count.received_bytes, price_ubtt_per_gib=count.price_ubtt_per_gib)
            settled_bytes += count.received_bytes
            settled_round = count.round
        return Tally(settled, settled_bytes, settled_round, rounds[-KEPT_ROUNDS:])

    def counted(self, round_number: int, received_bytes: int) -> "Tally":
        """Return it with a round's bytes said anew: the newest word wins.

        Nothing is heard of rounds that are unknown or settled, nor of more than any channel could pay for.
        """
        said = replace(
            self,
            rounds=tuple(
                replace(count, received_bytes=received_bytes) if count.round == round_number else count
                for count in self.rounds
            ),
        )
        return said if max(said.total_bytes, said.owed_ubtt) <= MAX_AMOUNT_UBTT else self

    def received(self, round_number: int) -> int:
        return next((count.received_bytes for count in self.rounds if count.round == round_number), 0)

    def price_of(self, round_number: int) -> int:
        """Return what a round's bytes cost, or 0 if it is unknown or settled."""
        return next((count.price_ubtt_per_gib for count in self.rounds if count.round == round_number), 0)

    @property
    def newest_round(self) -> int:
        return self.rounds[-1].round if self.rounds else self.settled_round

    @property
    def total_bytes(self) -> int:
        return self.settled_bytes + sum(count.received_bytes for count in self.rounds)

    @property
    def accrual(self) -> Accrual:
        """Return what all of it comes to: whole µBTT, and what is less than one."""
        accrual = self.settled
        for count in self.rounds:
            accrual = accrual.after(size_bytes=count.received_bytes, price_ubtt_per_gib=count.price_ubtt_per_gib)
        return accrual

    @property
    def owed_ubtt(self) -> int:
        return self.accrual.owed_ubtt

    def acks(self, since_round: int) -> tuple[RoundCount, ...]:
        """Return the rounds to tell: those from the first that was not answered yet, and the last few always."""
        return tuple(
            count
            for place, count in enumerate(self.rounds)
            if count.round >= since_round or place >= len(self.rounds) - ACKED_AGAIN
        )


def covers(cumulative_ubtt: int, tally: Tally) -> bool:
    """Whether a voucher pays for all that its acks say; one that does not covers nothing new."""
    return cumulative_ubtt >= tally.owed_ubtt
