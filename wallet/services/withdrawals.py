"""Withdrawals until they are sent: asked for, held, cancelled. Admins' part is `decisions`, sending `withdrawing`.

A request holds amount and fee in the transaction that counts it against the limits. The row's lock decides between
whoever cancels, approves, rejects and sends: the first wins, and the others are told what is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain import withdrawal_words as words
from wallet.domain.accounts import user_account
from wallet.domain.items import EndHold, HoldEnd, HoldPurpose, PlaceHold
from wallet.domain.money import Asset, format_amount
from wallet.domain.posting import Answer, Code, Decision, Outcome, hashed
from wallet.domain.tron.addresses import Address, to_base58
from wallet.domain.withdrawal_states import CANCELLABLE, WithdrawalState, check_move
from wallet.models import Withdrawal
from wallet.services import address_book, ledger, news, statements, withdrawal_limits, withdrawal_rules
from wallet.services.books import Request
from wallet.services.install import market_asset
from wallet.services.openings import open_absent
from wallet.services.refusals import Refused
from wallet.services.returning import IN_DOUBT, Said, ask, ask_of, why_not_return
from wallet.signer.protocol import SignerDoor

APPROVE_WITHIN = timedelta(hours=72)

USED = gettext_noop("This form was used already for another withdrawal, or that one was refused. Open it anew.")
TOO_LATE = gettext_noop("It is being sent already, and what is sent can't be called back.")


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A withdrawal that a user has confirmed; `key` was made when its form was shown, so that it is asked for once."""

    user_id: int
    address: str  # T…, as it was shown
    amount_ubtt: int
    fee_ubtt: int  # as it was shown
    key: str
    asset: int | None = None  # None: the market's

    @property
    def in_asset(self) -> Asset:
        return market_asset() if self.asset is None else Asset(self.asset)


def request(wish: Wish, *, now: datetime) -> Withdrawal:
    """Hold the money and put the withdrawal into the queue, or before an admin; once for its key.

    Raises Refused, LedgerBusy. A refusal is kept: its key never works later.
    """
    item = PlaceHold(
        key=f"withdrawal/{wish.user_id}/{wish.key}",
        account=user_account(wish.in_asset, wish.user_id),
        amount_ubtt=wish.amount_ubtt + wish.fee_ubtt,
        purpose=HoldPurpose.WITHDRAWAL,
        cause=f"withdrawal/{wish.key[:8]}",  # its number is known when the money is held
        expires_at=None,
    )
    address = address_book.read_address(wish.address)
    open_absent([item.account], now=now)  # or a refusal for want of money could not be kept
    found = ledger.whole(partial(_request, wish, address, item, now))
    if isinstance(found, str):
        raise Refused(found)
    return found


def _request(wish: Wish, address: Address, item: PlaceHold, now: datetime) -> Withdrawal | str:
    withdrawal_rules.lock_the_count()
    there = Withdrawal.objects.filter(user_id=wish.user_id, key=wish.key).first()
    if there is not None:
        was = (there.asset, there.address, there.amount_ubtt, there.fee_ubtt)
        return there if was == (wish.in_asset, wish.address, wish.amount_ubtt, wish.fee_ubtt) else USED
    (hashed_item,) = hashed([item])
    books = ledger.store().lock(Request.of([hashed_item]))
    if hashed_item[1] in books.known:
        return USED
    rules = withdrawal_rules.in_asset(withdrawal_rules.current(), wish.in_asset)
    problem = _problem(wish, address, now) or withdrawal_limits.problem(
        rules, asset=wish.in_asset, user_id=wish.user_id, amount_ubtt=wish.amount_ubtt, now=now
    )
    if problem:  # kept under its key: a late duplicate must not succeed after its user was told no
        refusal = Answer(item, Outcome(Code.LIMIT), hashed_item[1], hashed_item[2])
        ledger.store().write(Decision(answers=[refusal]), now=now)
        return problem
    outcome = ledger.post_one(item, now=now)
    if outcome.code is not Code.OK or outcome.hold_id is None:
        return _sentence(outcome.code, item)
    needs_approval = wish.amount_ubtt > rules.approval_above_ubtt
    news.withdrawal_changed(wish.user_id)
    return Withdrawal.objects.create(
        user_id=wish.user_id,
        key=wish.key,
        asset=item.account.asset,
        amount_ubtt=wish.amount_ubtt,
        fee_ubtt=wish.fee_ubtt,
        address=to_base58(address),
        state=WithdrawalState.CHECKING if needs_approval else WithdrawalState.QUEUED,
        hold_id=outcome.hold_id,
        needs_approval=needs_approval,
        requested_at=now,
        approve_until=now + APPROVE_WITHIN if needs_approval else None,
        queued_at=None if needs_approval else now,
    )


def cancel(signer: SignerDoor, *, user_id: int, withdrawal_id: int, now: datetime) -> Withdrawal:
    """Give the money back, if it is not being sent yet; twice is as once. Raises Refused, Withdrawal.DoesNotExist."""
    said = ask(signer, Withdrawal.objects.get(pk=withdrawal_id, user_id=user_id))

    def decide(found: Withdrawal) -> str:
        if found.state == WithdrawalState.CANCELLED:
            return ""
        if found.doubt:
            return IN_DOUBT
        if found.state not in CANCELLABLE:
            return TOO_LATE if found.state == WithdrawalState.SENDING else _("It is over already.")
        if why := why_not_return(found, said, now):
            return why
        end(found, WithdrawalState.CANCELLED, words.CANCELLED, now)
        return ""

    return with_locked(withdrawal_id, decide, user_id=user_id)


def want_back(*, user_id: int, withdrawal_id: int) -> Withdrawal:
    """Let no further attempt be made, should the one under way turn out to be dead. Raises Refused, DoesNotExist."""

    def decide(found: Withdrawal) -> str:
        if found.state != WithdrawalState.SENDING:
            return _("It is not being sent. Reload the page.")
        if found.doubt:
            return IN_DOUBT
        found.is_wanted_back = True
        found.save(update_fields=["is_wanted_back"])
        return ""

    return with_locked(withdrawal_id, decide, user_id=user_id)


def expire_unapproved(signer: SignerDoor, *, now: datetime) -> None:
    """Give back what nobody has approved in time, unless it was signed all the same. May run twice, or late."""
    unapproved = Withdrawal.objects.filter(state=WithdrawalState.CHECKING, approve_until__lte=now, doubt="")
    for withdrawal_id in unapproved.order_by("pk").values_list("pk", flat=True)[:100]:
        said = ask_of(signer, withdrawal_id)
        if said.is_silent:
            return
        with_locked(withdrawal_id, partial(_expire, said=said, now=now))


def _expire(found: Withdrawal, *, said: Said, now: datetime) -> str:
    is_due = found.approve_until is not None and found.approve_until <= now
    if found.state == WithdrawalState.CHECKING and is_due and not found.doubt and not why_not_return(found, said, now):
        end(found, WithdrawalState.REJECTED, words.UNAPPROVED, now)
    return ""


def with_locked(withdrawal_id: int, decide: Callable[[Withdrawal], str], *, user_id: int | None = None) -> Withdrawal:
    """Decide while the row is locked, and raise as Refused what the decision says against it."""

    def work() -> tuple[Withdrawal, str]:
        rows = Withdrawal.objects.select_for_update()
        found = rows.get(pk=withdrawal_id) if user_id is None else rows.get(pk=withdrawal_id, user_id=user_id)
        problem = decide(found)
        news.withdrawal_changed(found.user_id)
        return found, problem

    found, problem = ledger.whole(work)
    if problem:
        raise Refused(problem)
    return found


def end(found: Withdrawal, state: WithdrawalState, reason: str, now: datetime) -> None:
    """End a withdrawal that was never sent: its hold is voided, and with it everything is as before."""
    check_move(WithdrawalState(found.state), state)
    void = EndHold(key=f"withdrawal/{found.pk}/void", hold=found.hold_id, end=HoldEnd.VOIDED)
    outcome = ledger.post_one(void, now=now)
    if not outcome.is_done:
        raise RuntimeError(f"the hold of {found} could not be voided: {outcome.code}")
    found.state, found.reason, found.ended_at = state, reason, now
    found.save(update_fields=["state", "reason", "ended_at"])


def _problem(wish: Wish, address: Address, now: datetime) -> str:
    entry = address_book.find(wish.user_id, address)
    if entry is None:
        return _("This address is not in your address book any more. Add it there first.")
    if entry.usable_at > now:
        return _("This address is new: it can be used from %(usable_at)s UTC on.") % {
            "usable_at": f"{entry.usable_at:%Y-%m-%d %H:%M}"
        }
    if wish.fee_ubtt >= wish.amount_ubtt:
        return _("The fee is more than would arrive. Withdraw a larger amount.")
    return ""


def _sentence(code: Code, item: PlaceHold) -> str:
    if code is Code.FROZEN:
        return _("An operator has frozen your account, so nothing can leave it. The reason stands with your money.")
    if code in (Code.INSUFFICIENT, Code.NOT_FOUND):
        asset = item.account.asset
        account = statements.account_of(int(item.account.ref), asset)
        has = format_amount(account.available_ubtt if account else 0, asset)
        needs = format_amount(item.amount_ubtt, asset)
        return _(
            "You have only %(has)s available, and with the fee this takes %(needs)s. Withdraw a smaller amount."
        ) % {"has": has, "needs": needs}
    return USED
