"""The driver of withdrawals. Each step looks at what stands in the database and brings it a little further.

1. Every attempt under way is asked for by its id before anything else is done about it: irreversible, in a block, or in
   none. Only one that is in none is signed or given to the network, and only while it can still come into a block.
2. Past its expiration it is given up when that is proven, and followed by another one or by the money's return.
3. Then the next of the queue are begun, in their order, if nothing stands against it. What does is written down. One
   that would fail, or that is more than the address that pays has, stands aside and is tried again each minute: those
   behind it go on, and smaller ones may go before it.

A step may be lost, doubled or killed anywhere: the next one goes on. No transaction is open while the chain or the
signer is asked.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast

from wallet.chain.endpoints import Chain
from wallet.chain.port import CallFails, ChainError, ChainLied, Heights
from wallet.domain import withdrawal_words as words
from wallet.domain.accounts import AccountKind
from wallet.domain.money import Asset, format_amount
from wallet.domain.networks import BLOCK_MS
from wallet.domain.retelling import fitting
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.withdrawal_states import LIVE, AttemptState, WithdrawalState
from wallet.models import Account, Attempt, HaltReason, Withdrawal, WithdrawalDesk
from wallet.services import (
    attempts,
    compared,
    fates,
    forgotten,
    halts,
    news,
    own_addresses,
    payouts,
    reconciliation,
    withdrawals,
)
from wallet.services.attempt_log import look_again, note_once
from wallet.services.install import market_asset
from wallet.signer.protocol import SignerAway, SignerDoor, SignerError

LOOKED_AT_ONCE = 200  # attempts of one step
BEGUN_AT_ONCE = 20  # of the queue in one step: another comes in a second
TRIED_AGAIN = timedelta(minutes=1)  # after one that would have failed: its tokens or its receiver must change first
REST = timedelta(seconds=30)  # between looks at the address that pays while nothing waits
MAX_WAITS_CHARS = 300
GIVEN_EVERY = 4  # looks at what is pending

logger = logging.getLogger(__name__)


@dataclass
class Stepped:
    """What one step did."""

    looked: int = 0
    begun: int = 0
    waits_because: str = ""  # why nothing more of the queue was begun
    hot_sun: int | None = None  # what the address that pays has; None while that can't be read
    hot_ubtt: int = 0
    is_idle: bool = False  # nothing waits, and how the address that pays stands was read a moment ago


def step(chain: Chain, signer: SignerDoor, *, now: datetime) -> Stepped:
    """Bring every withdrawal as far as it goes now. Raises nothing for what chain or signer do."""
    done = Stepped()
    withdrawals.expire_unapproved(signer, now=now)
    hot_text = own_addresses.hot_address()
    if hot_text is None:
        done.waits_because = words.NO_HOT_ADDRESS
        _write_desk(done, now)
        return done
    hot = parse_address(hot_text)
    try:
        _give_back(chain, signer, now)
        _follow_all(chain, signer, now, done)
        _begin_next(chain, signer, hot, now, done)
    except ChainLied as lie:
        halts.halt(HaltReason.LIED, str(lie), now)
        done.waits_because = str(lie)
    except ChainError as problem:
        done.waits_because = words.UNREAD % {"problem": problem}
    if not done.is_idle:
        _write_desk(done, now)
    return done


def _give_back(chain: Chain, signer: SignerDoor, now: datetime) -> None:
    try:
        fates.return_unwanted(chain, signer, now=now)
    except SignerError as problem:
        logger.info("what is wanted back returns later: %s", problem)


def _follow_all(chain: Chain, signer: SignerDoor, now: datetime, done: Stepped) -> None:
    due = Attempt.objects.filter(state__in=LIVE, next_try_at__lte=now).select_related("withdrawal").order_by("pk")
    found = list(due[:LOOKED_AT_ONCE])
    heights = chain.heights() if found else None
    for attempt in found:
        done.looked += 1
        try:
            follow(chain, signer, attempt, heights=heights, now=now)
        except ChainLied:
            raise
        except ChainError as problem:
            logger.info("%s is looked at later: %s", attempt, problem)
            look_again(attempt, now)


def follow(chain: Chain, signer: SignerDoor, attempt: Attempt, *, heights: Heights | None, now: datetime) -> None:
    """Ask the chain for an attempt, then do the next thing about it, if there is one. Raises ChainError."""
    tx_id = bytes.fromhex(attempt.tx_id)
    if (receipt := chain.receipt(tx_id, solid=True)) is not None:
        fates.settle(chain, attempt, receipt, now=now)
        return
    if (receipt := chain.receipt(tx_id, solid=False)) is not None:
        fates.mark_seen(attempt, receipt, now=now)
        return
    if attempt.state == AttemptState.SEEN:
        fates.mark_taken_back(attempt, now=now)
    heights = heights or chain.heights()
    if heights.solid.timestamp_ms >= attempt.expiration_ms:
        fates.bury_if_dead(chain, signer, attempt, now=now)
    elif heights.head.timestamp_ms + BLOCK_MS >= attempt.expiration_ms:
        look_again(attempt, now)  # too late to give it out, too early to give it up
    elif _is_pending(chain, attempt):
        look_again(attempt, now)
    else:
        _send(chain, signer, attempt, now=now)


def _is_pending(chain: Chain, attempt: Attempt) -> bool:
    """Say whether an endpoint still has it, so that the network need not be given it again.

    Now and then it is, all the same: one endpoint may have it and tell nobody.
    """
    if attempt.state != AttemptState.BROADCAST or attempt.tries % GIVEN_EVERY == 0:
        return False
    if chain.transaction(bytes.fromhex(attempt.tx_id), solid=False) is None:
        return False
    Attempt.objects.filter(pk=attempt.pk).update(tries=attempt.tries + 1)
    return True


def _send(chain: Chain, signer: SignerDoor, attempt: Attempt, *, now: datetime) -> None:
    """Sign and give out; while withdrawals stand still, nothing that nobody has got yet.

    An older backup may know no signature of what was in a block and is taken back: it is followed, as it can't be
    given out.
    """
    if attempt.state == AttemptState.BROADCAST and attempt.signature is None:
        look_again(attempt, now)
        return
    if attempt.state != AttemptState.BROADCAST and halts.is_halted():
        look_again(attempt, now)
        return
    if attempt.state == AttemptState.PREPARED and (why := _why_uncompared(now)):
        note_once(attempt, "unsigned", now, message=why)
        look_again(attempt, now)
        return
    if attempt.state == AttemptState.PREPARED and not attempts.sign(signer, attempt, now=now):
        return
    attempts.broadcast(chain, attempt, now=now)


def _begin_next(chain: Chain, signer: SignerDoor, hot: Address, now: datetime, done: Stepped) -> None:
    """Begin what is next. Without TRX for the fees all wait; without tokens, those that take more than there is."""
    waiting = [*_in_turn(_without_attempt(), now), *_in_turn(_unsent(), now)]
    if not waiting and _was_looked_into(now):
        done.is_idle = True
        return
    till = _look_into_the_till(chain, hot, {Asset(one.asset) for one in waiting})
    done.hot_sun, done.hot_ubtt = till.sun, till.has_ubtt[market_asset()]
    done.waits_because = why_not(signer, now) if waiting else ""
    waiting, silence = _without_forgotten(chain, signer, waiting, now)
    done.waits_because = done.waits_because or silence
    at = attempts.moment(chain) if waiting and not done.waits_because else None
    for withdrawal in waiting:
        if at is None:
            break
        if lack := till.lacks_tokens(withdrawal):
            _put_aside(withdrawal, lack, now)
            continue
        try:
            drafted = attempts.draft(chain, withdrawal, hot=hot, at=at)
        except CallFails as problem:  # its own trouble: the others go on, and its user can cancel it
            _put_aside(withdrawal, problem.why, now)
            continue
        done.waits_because = till.lacks_trx(drafted.payout.worst_sun)
        if done.waits_because:
            break
        number = attempts.next_number(withdrawal)
        made = attempts.prepare(withdrawal.pk, drafted, number=number, now=now)
        if made is None:
            continue
        done.begun += 1
        _put_aside(withdrawal, "", now)
        till.take(withdrawal)
        _send(chain, signer, made, now=now)


def _without_forgotten(
    chain: Chain, signer: SignerDoor, waiting: list[Withdrawal], now: datetime
) -> tuple[list[Withdrawal], str]:
    """Take over what the signer has signed and the books do not know, also while withdrawals are stopped.

    Return the others, and what the signer said if it could not say: then nothing is begun. One whose payment refers to
    a block that can't be read is not among them: it waits alone, and is neither sent anew nor taken over.
    """
    others: list[Withdrawal] = []
    for withdrawal in waiting:
        try:
            lost = forgotten.find(chain, signer, withdrawal)
        except SignerError as problem:
            return others, str(problem)
        except ChainLied:
            raise
        except ChainError as problem:  # old blocks, which not all endpoints keep: the others need not wait for it
            logger.info("what was signed for %s is taken over later: %s", withdrawal, problem)
            _put_aside(withdrawal, words.OLD_BLOCK, now)
            continue
        if lost is None:
            others.append(withdrawal)
        else:
            forgotten.take_over(withdrawal.pk, lost, now=now)
            _put_aside(withdrawal, "", now)
    return others, ""


def why_not(signer: SignerDoor, now: datetime) -> str:
    """Return why nothing is begun now, in English, as the desk keeps it; "" if nothing stands against it."""
    if standing := halts.standing():
        return words.STOPPED_BY % {"why": words.HALTED[standing[0].reason]}
    if halts.is_catching_up():
        return words.STOPPED_BY % {"why": words.CATCHING_UP}
    if why := _why_uncompared(now):
        return words.STOPPED_BY % {"why": why}
    try:
        status = signer.status()
    except SignerAway as away:
        return str(away)
    return "" if status.ready else words.UNSIGNED % {"why": status.why_not}


def _why_uncompared(now: datetime) -> str:
    """Hold the chain against the books before a batch of signatures, if that was not done lately; say what is wrong."""
    reconciliation.run_if_due(now=now)
    return compared.why_not(now)


def queue() -> "QuerySet[Withdrawal]":
    """Return what waits for its turn, the next first; without those that would fail, or whose user may not pay now."""
    return _unsent().filter(fails_because="").order_by("queued_at", "pk")


def takes_over(withdrawal: Withdrawal) -> bool:
    """Say if one in the queue would be followed by itself, had the signer signed it without the books' knowledge."""
    return not withdrawal.fails_because.startswith(words.OLD_BLOCK) and _unsent().filter(pk=withdrawal.pk).exists()


def _unsent() -> "QuerySet[Withdrawal]":
    frozen = Account.objects.filter(
        asset=OuterRef("asset"),
        kind=AccountKind.USER,
        ref=Cast(OuterRef("user_id"), CharField()),
        is_frozen=True,
    )
    active = get_user_model().objects.filter(pk=OuterRef("user_id"), is_active=True)
    waiting = Withdrawal.objects.filter(state=WithdrawalState.QUEUED, doubt="")
    return waiting.filter(Exists(active), ~Exists(frozen))


def _without_attempt() -> "QuerySet[Withdrawal]":
    """Return those whose attempt is dead and that want another one: they were first in the queue once."""
    live = Attempt.objects.filter(withdrawal=OuterRef("pk"), state__in=LIVE)
    return Withdrawal.objects.filter(~Exists(live), state=WithdrawalState.SENDING, doubt="", is_wanted_back=False)


def _in_turn(waiting: "QuerySet[Withdrawal]", now: datetime) -> list[Withdrawal]:
    """Return the next ones. What would have failed has its turn again after a while, behind all others."""
    due = waiting.filter(Q(try_from=None) | Q(try_from__lte=now))
    return list(due.order_by(F("try_from").asc(nulls_first=True), "queued_at", "pk")[:BEGUN_AT_ONCE])


def _put_aside(withdrawal: Withdrawal, why: str, now: datetime) -> None:
    """Let one that would fail wait alone; with no reason it goes on again."""
    if why or withdrawal.fails_because:
        try_from = now + TRIED_AGAIN if why else None
        Withdrawal.objects.filter(pk=withdrawal.pk).update(fails_because=why[:300], try_from=try_from)
        news.withdrawal_changed(withdrawal.user_id)


@dataclass
class _Till:
    """What the hot address has, and what of it is spoken for: attempts in no block yet have not left it for sure."""

    has_ubtt: dict[Asset, int]
    promised_ubtt: dict[Asset, int]
    sun: int
    promised_count: int

    def lacks_tokens(self, withdrawal: Withdrawal) -> str:
        asset = Asset(withdrawal.asset)
        free_ubtt = max(self.has_ubtt[asset] - self.promised_ubtt[asset], 0)
        if withdrawal.amount_ubtt <= free_ubtt:
            return ""
        has = format_amount(free_ubtt, asset)
        return words.LACKS % {"has": has, "amount": format_amount(withdrawal.amount_ubtt, asset)}

    def lacks_trx(self, worst_sun: int) -> str:
        if worst_sun * (self.promised_count + 1) <= self.sun:
            return ""
        return words.NO_TRX

    def take(self, withdrawal: Withdrawal) -> None:
        self.promised_ubtt[Asset(withdrawal.asset)] += withdrawal.amount_ubtt
        self.promised_count += 1


def _was_looked_into(now: datetime) -> bool:
    """Say whether it is known how the address that pays stands: others' servers are not asked again for nothing."""
    desk = WithdrawalDesk.objects.first()
    return bool(desk and desk.hot_sun is not None and not desk.waits_because and abs(now - desk.looked_at) < REST)


def _look_into_the_till(chain: Chain, hot: Address, wanted: set[Asset]) -> _Till:
    promised = Attempt.objects.filter(state__in=LIVE - {AttemptState.SEEN})
    till = _Till({}, {}, chain.account(hot).balance_sun, promised.count())
    for asset in wanted | {market_asset()}:
        units = payouts.hot_units(chain, asset, hot)
        till.has_ubtt[asset] = units // payouts.units_of(1, asset, chain.network)
        sums = promised.filter(withdrawal__asset=asset).aggregate(all_ubtt=Sum("withdrawal__amount_ubtt"))
        till.promised_ubtt[asset] = int(sums["all_ubtt"] or 0)
    return till


def _write_desk(done: Stepped, now: datetime) -> None:
    seen = {"hot_sun": done.hot_sun, "hot_ubtt": done.hot_ubtt} if done.hot_sun is not None else {}
    values = {"looked_at": now, "waits_because": fitting(done.waits_because, MAX_WAITS_CHARS)} | seen
    before = WithdrawalDesk.objects.first()
    desk, _ = WithdrawalDesk.objects.update_or_create(pk=1, defaults=values)
    if before is None or _shown(before) != _shown(desk):
        news.desk_changed()


def _shown(desk: WithdrawalDesk) -> tuple[object, ...]:
    """Return what a page shows of it: the time to the minute, or open pages would be told of nothing each second."""
    return (f"{desk.looked_at:%Y-%m-%d %H:%M}", desk.waits_because, desk.hot_sun, desk.hot_ubtt)
