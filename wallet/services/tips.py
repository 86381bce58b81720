"""Tips: a user sends BTT to another user of the box, with a few words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import AccountKind, user_account
from wallet.domain.items import Transfer as TransferItem
from wallet.domain.kinds import TransferKind
from wallet.domain.money import UBTT_PER_BTT, Asset, format_amount
from wallet.domain.posting import Answer, Code, Decision, Hashed, Outcome, hashed
from wallet.models import Account, Transfer
from wallet.services import ledger
from wallet.services.books import Request
from wallet.services.install import market_asset
from wallet.services.openings import open_absent
from wallet.services.refusals import Refused

MAX_TIP_UBTT = 100_000_000 * UBTT_PER_BTT  # about a hundred dollars: a slip of the hand must not cost more
MAX_DAY_UBTT = 250_000_000 * UBTT_PER_BTT  # what a stolen login can send away before its owner sees it
MAX_DAY_COUNT = 200  # rows that stay for ever, with words in other people's histories
DAY = timedelta(hours=24)  # rolling: a midnight would let somebody send twice as much around it

UNKNOWN = gettext_noop("Nobody here goes by that name. Ask for the exact user name, and check the spelling.")
TO_ONESELF = gettext_noop("This is your own name. Choose somebody else: to oneself nothing needs to be sent.")
USED = gettext_noop("This form was used already for another tip, or that tip was refused. Open it anew to send.")


@dataclass(frozen=True)
class Receiver:
    id: int
    name: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A tip that somebody asked for; `key` was made when its form was shown, so that it is sent once."""

    sender_id: int
    receiver_id: int
    amount_ubtt: int
    memo: str
    key: str


@dataclass(frozen=True)
class Means:
    """What somebody has, and may still send."""

    asset: Asset
    available_ubtt: int
    is_frozen: bool
    sent: Sequence[Transfer]  # tips of the last 24 hours, newest first

    @property
    def sent_ubtt(self) -> int:
        return sum(tip.amount_ubtt for tip in self.sent)

    @property
    def left_today_ubtt(self) -> int:
        return max(MAX_DAY_UBTT - self.sent_ubtt, 0)


def means_of(user_id: int, *, now: datetime) -> Means:
    asset = market_asset()
    account = Account.objects.filter(asset=asset, kind=AccountKind.USER, ref=str(user_id)).first()
    if account is None:
        return Means(asset, available_ubtt=0, is_frozen=False, sent=[])
    sent = _sent_within_a_day(account.pk, now)
    return Means(asset, available_ubtt=account.available_ubtt, is_frozen=account.is_frozen, sent=sent)


def find_receiver(name: str, *, sender_id: int) -> Receiver:
    """Return who goes by exactly this user name. Raises Refused; who was shut out is not here."""
    if "\0" in name:  # PostgreSQL takes none
        raise Refused(UNKNOWN)
    found = get_user_model().objects.filter(username__iexact=name.strip(), is_active=True).first()
    if found is None:
        raise Refused(UNKNOWN)
    if found.pk == sender_id:
        raise Refused(TO_ONESELF)
    return Receiver(found.pk, found.get_username())


def check_amount(amount_ubtt: int, means: Means) -> None:
    """Say before anything is confirmed what sending would say; sending tests it again, under the locks."""
    if means.is_frozen:
        raise Refused(_sentence(Code.FROZEN, means, amount_ubtt))
    if _is_over(means.sent, amount_ubtt):
        raise Refused(_sentence(Code.LIMIT, means, amount_ubtt))
    if amount_ubtt > means.available_ubtt:
        raise Refused(_sentence(Code.INSUFFICIENT, means, amount_ubtt))


def send(wish: Wish, *, now: datetime) -> int:
    """Send a tip once for its key and return the transfer's id. Raises Refused, LedgerBusy.

    The limits are tested while the sender's account is locked, so that tips at the same moment can't slip past them.
    """
    if not get_user_model().objects.filter(pk=wish.receiver_id, is_active=True).exists():
        raise Refused(UNKNOWN)
    if wish.receiver_id == wish.sender_id:
        raise Refused(TO_ONESELF)
    asset = market_asset()
    item = TransferItem(
        key=f"tip/{wish.sender_id}/{wish.key}",
        debit=user_account(asset, wish.sender_id),
        credit=user_account(asset, wish.receiver_id),
        amount_ubtt=wish.amount_ubtt,
        kind=TransferKind.TIP,
        cause=f"tip/{wish.key}",
        event_at=now,
        memo=wish.memo,
    )
    open_absent([item.debit, item.credit], now=now)
    outcome = ledger.whole(lambda: _send(item, now))
    if not outcome.is_done or outcome.transfer_id is None:
        raise Refused(_sentence(outcome.code, means_of(wish.sender_id, now=now), wish.amount_ubtt))
    return outcome.transfer_id


def _send(item: TransferItem, now: datetime) -> Outcome:
    (wish,) = hashed([item])
    books = ledger.store().lock(Request.of([wish]))
    sender = books.accounts.get(item.debit)
    is_new = wish[1] not in books.known
    if is_new and sender is not None and _is_over(_sent_within_a_day(sender.id, now), item.amount_ubtt):
        return _refuse(wish, now)
    return ledger.post_one(item, now=now)


def _is_over(sent: Sequence[Transfer], amount_ubtt: int) -> bool:
    sum_ubtt = sum(tip.amount_ubtt for tip in sent) + amount_ubtt
    return amount_ubtt > MAX_TIP_UBTT or sum_ubtt > MAX_DAY_UBTT or len(sent) >= MAX_DAY_COUNT


def _refuse(wish: Hashed, now: datetime) -> Outcome:
    """Keep the refusal under its key: a late duplicate must not succeed after its sender was told no."""
    item, key, body = wish
    outcome = Outcome(Code.LIMIT)
    ledger.store().write(Decision(answers=[Answer(item, outcome, key, body)]), now=now)
    return outcome


def _sent_within_a_day(account_id: int, now: datetime) -> list[Transfer]:
    """Read backwards from the newest debit, and no further than a day: old histories cost nothing."""
    debits = Transfer.objects.filter(debit=account_id)
    older = debits.filter(written_at__lte=now - DAY).order_by("-debit_version").values_list("debit_version", flat=True)
    tips = debits.filter(debit_version__gt=older.first() or 0, kind=TransferKind.TIP)
    return list(tips.select_related("credit").order_by("-debit_version"))


def _free_again_at(sent: Sequence[Transfer], amount_ubtt: int) -> datetime | None:
    """Return when enough of what was sent is a day old, as the last of it is; `sent` is newest first."""
    sum_ubtt, count = sum(tip.amount_ubtt for tip in sent), len(sent)
    for tip in reversed(sent):
        sum_ubtt, count = sum_ubtt - tip.amount_ubtt, count - 1
        if sum_ubtt + amount_ubtt <= MAX_DAY_UBTT and count < MAX_DAY_COUNT:
            return tip.written_at + DAY
    return None


def _sentence(code: Code, means: Means, amount_ubtt: int) -> str:
    if code is Code.INSUFFICIENT:
        has = format_amount(means.available_ubtt, means.asset)
        return _("You have only %(has)s available. Send a smaller amount, or wait until more has come in.") % {
            "has": has
        }
    if code is Code.FROZEN:
        return _("An operator has frozen your account, so nothing can leave it. The reason stands below; ask an admin.")
    if code is Code.LIMIT:
        return _limit_sentence(means, amount_ubtt)
    if code is Code.OVERFLOW:
        return _("The receiver's account can't hold that much. Send a smaller amount.")
    return USED


def _limit_sentence(means: Means, amount_ubtt: int) -> str:
    if amount_ubtt > MAX_TIP_UBTT:
        return _("One tip carries at most %(max_tip_ubtt)s. Send a smaller amount.") % {
            "max_tip_ubtt": format_amount(MAX_TIP_UBTT, means.asset)
        }
    free_at = _free_again_at(means.sent, amount_ubtt)
    if free_at:
        says = _(
            "In 24 hours you can send %(most)s in at most %(tips)s tips, and this would be more. This amount fits "
            "again on %(day)s at %(hour)s UTC."
        )
    else:
        says = _(
            "In 24 hours you can send %(most)s in at most %(tips)s tips, and this would be more. Try it with a "
            "new form."
        )
    return says % {
        "most": format_amount(MAX_DAY_UBTT, means.asset),
        "tips": MAX_DAY_COUNT,
        "day": f"{free_at:%Y-%m-%d}" if free_at else "",
        "hour": f"{free_at:%H:%M}" if free_at else "",
    }
