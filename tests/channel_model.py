"""What channels should do, said again in plain dictionaries, and a way to ask both the same by chance."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.builders import NOW
from tests.ledger import ASSET
from wallet.domain.accounts import AccountName, user_account
from wallet.domain.channels import GRACE, MAX_LIFE, MIN_LIFE, Answer, Voucher
from wallet.models import Channel
from wallet.services import channels, vouchers
from wallet.services.vouchers import ChannelAnswer

IDS = [f"{number:032x}" for number in range(3)]
KEYS = ("02" + "ab" * 32, "03" + "cd" * 32)
FIRST_MONEY_UBTT = 1_000
FEE_PPM = 25_000
MILLION = 1_000_000


@dataclass
class Modelled:
    """One channel."""

    amount_ubtt: int
    expires_at: datetime
    redeemed_ubtt: int = 0
    end: str = ""

    def problem(self, now: datetime, grace: timedelta = GRACE) -> Answer | None:
        if self.end == "closed":
            return Answer.CLOSED
        return Answer.EXPIRED if self.end or self.expires_at + grace <= now else None


@dataclass
class Model:
    """A payer's and a payee's money, the operator's fees, and the channels between them."""

    payer_ubtt: int = FIRST_MONEY_UBTT
    payee_ubtt: int = 0
    fees_ubtt: int = 0
    channels: dict[str, Modelled] = field(default_factory=dict)
    told: dict[str, tuple[int, bool]] = field(default_factory=dict)  # by key: amount, and whether it was taken

    def take(self, key: str, amount_ubtt: int) -> Answer:
        """Take money from the payer once for a key; a refusal stays one."""
        if key in self.told:
            amount_then, was_taken = self.told[key]
            if amount_then != amount_ubtt:
                return Answer.CONFLICT
            return Answer.UNCHANGED if was_taken else Answer.INSUFFICIENT
        has_it = amount_ubtt <= self.payer_ubtt
        self.told[key] = amount_ubtt, has_it
        self.payer_ubtt -= amount_ubtt if has_it else 0
        return Answer.OK if has_it else Answer.INSUFFICIENT

    def open(self, pk: str, amount_ubtt: int, expires_at: datetime) -> Answer:
        taken = self.take(f"open {pk}", amount_ubtt)
        if pk in self.channels:
            return Answer.UNCHANGED if taken is Answer.UNCHANGED else Answer.CONFLICT
        if taken is Answer.OK:
            self.channels[pk] = Modelled(amount_ubtt, expires_at)
        return taken

    def top_up(self, pk: str, amount_ubtt: int, expires_at: datetime, key: str, now: datetime) -> Answer:
        channel = self.channels.get(pk)
        if channel is None:
            return Answer.UNKNOWN
        if problem := channel.problem(now, timedelta(0)):
            return problem
        taken = self.take(f"{pk} {key}", amount_ubtt) if amount_ubtt else Answer.UNCHANGED
        if taken not in (Answer.OK, Answer.UNCHANGED):
            return taken
        if taken is not Answer.OK and expires_at - channel.expires_at < timedelta(seconds=60):
            return Answer.UNCHANGED
        channel.amount_ubtt += amount_ubtt if taken is Answer.OK else 0
        channel.expires_at = max(channel.expires_at, expires_at)
        return Answer.OK

    def redeem(self, promises: list[tuple[str, int]], now: datetime) -> list[Answer]:
        best: dict[str, int] = {}
        answers: list[Answer | None] = []
        for pk, cumulative_ubtt in promises:
            channel = self.channels.get(pk)
            problem = channel.problem(now) if channel else Answer.UNKNOWN
            if channel and not problem and cumulative_ubtt > channel.amount_ubtt:
                problem = Answer.OVER_AMOUNT
            answers.append(problem)
            if channel and not problem and cumulative_ubtt > channel.redeemed_ubtt:
                best[pk] = max(best.get(pk, 0), cumulative_ubtt)
        told = [
            answer or (Answer.OK if best.get(pk) == cumulative_ubtt else Answer.UNCHANGED)
            for answer, (pk, cumulative_ubtt) in zip(answers, promises, strict=True)
        ]
        for pk, cumulative_ubtt in best.items():
            channel = self.channels[pk]
            fee_ubtt = cumulative_ubtt * FEE_PPM // MILLION - channel.redeemed_ubtt * FEE_PPM // MILLION
            self.fees_ubtt += fee_ubtt
            self.payee_ubtt += cumulative_ubtt - channel.redeemed_ubtt - fee_ubtt
            channel.redeemed_ubtt = cumulative_ubtt
        return told

    def close(self, pk: str, cumulative_ubtt: int | None, now: datetime) -> Answer:
        channel = self.channels.get(pk)
        if channel is None:
            return Answer.UNKNOWN
        if channel.end:
            return Answer.UNCHANGED if channel.end == "closed" else Answer.EXPIRED
        if cumulative_ubtt is not None:
            (answer,) = self.redeem([(pk, cumulative_ubtt)], now)
            if answer not in (Answer.OK, Answer.UNCHANGED):
                return answer
        self._end(channel, "closed")
        return Answer.OK

    def expire(self, now: datetime) -> int:
        due = [channel for channel in self.channels.values() if not channel.end and channel.expires_at + GRACE <= now]
        for channel in due:
            self._end(channel, "expired")
        return len(due)

    def _end(self, channel: Modelled, end: str) -> None:
        self.payer_ubtt += channel.amount_ubtt - channel.redeemed_ubtt
        channel.end = end


class Asker:
    """Asks the model and the ledger the same, drawn by chance, while time goes on; both must answer the same."""

    def __init__(self, seed: int, *, payer: int, payee: int) -> None:
        self.model = Model()
        self._random = Random(seed)
        self._payer, self._payee = user_account(ASSET, payer), user_account(ASSET, payee)
        self._now = NOW

    @property
    def accounts(self) -> tuple[AccountName, AccountName]:
        return self._payer, self._payee

    def step(self) -> None:
        self._now += timedelta(seconds=self._random.choice((0, 1, 60, 400)))
        asked = self._random.choice((self._open, self._top_up, self._redeem, self._redeem, self._close, self._expire))
        told, modelled = asked(self._random.choice(IDS))
        assert told == modelled, f"{asked.__name__} at {self._now}: the ledger says {told}, the model {modelled}"

    def _amount(self) -> int:
        return self._random.randint(1, 500)

    def _expiry(self) -> datetime:
        return self._now + self._random.choice((MIN_LIFE, timedelta(hours=1), MAX_LIFE))

    def _open(self, pk: str) -> tuple[Any, Any]:
        amount_ubtt, expires_at = self._amount(), self._expiry()
        told = channels.open_channel(
            channel_id=pk,
            payer=self._payer,
            payee=self._payee,
            payer_key=KEYS[0],
            payee_key=KEYS[1],
            amount_ubtt=amount_ubtt,
            fee_ppm=FEE_PPM,
            expires_at=expires_at,
            now=self._now,
        )
        return _words(told), self.model.open(pk, amount_ubtt, expires_at)

    def _top_up(self, pk: str) -> tuple[Any, Any]:
        key, expires_at = str(self._random.randint(1, 4)), self._expiry()
        amount_ubtt = self._random.choice((0, 50, self._amount()))
        told = channels.top_up(channel_id=pk, amount_ubtt=amount_ubtt, expires_at=expires_at, key=key, now=self._now)
        return _words(told), self.model.top_up(pk, amount_ubtt, expires_at, key, self._now)

    def _redeem(self, pk: str) -> tuple[Any, Any]:
        promises = [(self._random.choice(IDS), self._random.randint(0, 600)) for _ in range(self._random.randint(1, 6))]
        told = vouchers.redeem([Voucher(*promise) for promise in promises], now=self._now)
        return [_words(answer) for answer in told], self.model.redeem(promises, self._now)

    def _close(self, pk: str) -> tuple[Any, Any]:
        last = self._random.choice((None, self._amount()))
        told = channels.close(channel_id=pk, last=None if last is None else Voucher(pk, last), now=self._now)
        return _words(told), self.model.close(pk, last, self._now)

    def _expire(self, pk: str) -> tuple[Any, Any]:
        return channels.expire_due(now=self._now), self.model.expire(self._now)


def _words(told: ChannelAnswer) -> Answer:
    return told.answer


def stored() -> dict[str, Modelled]:
    """Return the channels as the database has them."""
    return {
        row.pk: Modelled(row.amount_ubtt, row.expires_at, row.redeemed_ubtt, row.end) for row in Channel.objects.all()
    }
