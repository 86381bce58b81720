"""Which Speed keys may spend from an account, and for which account a key earns.

Many accounts may bind one key: each user's money is its own. A key earns for one account only. Revoked is revoked at
once: no channel opens any more, those that are open run out.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from wallet.domain.accounts import AccountKind, AccountName, earnings_account, user_account
from wallet.domain.channels import check_speed_key, check_ubtt
from wallet.domain.hub import HubAccount, HubRefused, Refusal
from wallet.domain.items import BadItem
from wallet.models import Account, Channel, PairingCode, ReceiptVersion, SpeedKey
from wallet.services import hub_calls, ledger
from wallet.services.install import market_asset
from wallet.services.openings import open_absent
from wallet.services.refusals import Refused

DAY = timedelta(hours=24)
CODE_LIFE = timedelta(minutes=10)
CODE_KEPT = timedelta(days=1)
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without those that are taken for each other
CODE_CHARS = 20  # 99 bits: nobody guesses one in ten minutes
_GROUP = 5
_NOT_BOUND = (Refusal.NOT_BOUND, "This account does not let this Speed key spend, or not any more.")
BAD_PAIRING = "There is no such pairing code, or it was used, or its ten minutes are over. Have a new one made."


@dataclass(frozen=True)
class Pairing:
    """A pairing code, which is shown once."""

    code: str  # in groups, as it is shown; spaces and dashes do not count
    expires_at: datetime


def make_pairing_code(user_id: int, *, most_ubtt: int, earns: bool, now: datetime) -> Pairing:
    """Make a code by which one node may bind its key to the user's account. Raises Refused.

    It may ask for a daily limit up to `most_ubtt`, and, if `earns`, to earn for the account.
    """
    if most_ubtt == 0 and not earns:
        raise Refused(_("A node that may neither spend nor earn needs no code."))
    account = _opened(user_account(market_asset(), user_id), now)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(CODE_CHARS))
    PairingCode.objects.create(
        digest=_digest(code), account=account, most_ubtt=most_ubtt, earns=earns, made_at=now, expires_at=now + CODE_LIFE
    )
    groups = (code[start : start + _GROUP] for start in range(0, CODE_CHARS, _GROUP))
    return Pairing("-".join(groups), now + CODE_LIFE)


def pair(*, caller: str, code: str, daily_limit_ubtt: int, earns: bool, key: str, now: datetime) -> str:
    """Bind the caller's key to the account of a code, and return the account. Raises HubRefused, LedgerBusy.

    It earns for the account only if both say so, the code and whoever brings it: a code alone, which anybody may have
    made, can't have a node's earnings paid to its maker.
    """
    body = {"pairing": _digest(code), "daily_limit_ubtt": daily_limit_ubtt, "earns": earns}

    def work() -> str:
        check_speed_key("Speed-Key", caller)
        check_ubtt("daily_limit_ubtt", daily_limit_ubtt)
        if not daily_limit_ubtt and not earns:
            raise BadItem("daily_limit_ubtt", "must be more than 0 for a key that does not earn")
        return _pair(caller, _digest(code), daily_limit_ubtt=daily_limit_ubtt, earns=earns, now=now)

    return hub_calls.once(caller=caller, key=key, call="keys", body=body, work=work, now=now)


def _pair(caller: str, digest: bytes, *, daily_limit_ubtt: int, earns: bool, now: datetime) -> str:
    # Claimed by its update: of two who come with it at once, one gets it.
    claimed = PairingCode.objects.filter(digest=digest, used_at__isnull=True, expires_at__gt=now).update(used_at=now)
    if not claimed:
        raise HubRefused(Refusal.BAD_PAIRING, BAD_PAIRING)
    pairing = PairingCode.objects.select_related("account").get(digest=digest)
    if daily_limit_ubtt > pairing.most_ubtt:
        raise HubRefused(Refusal.OVER_DAILY_LIMIT, "The account's owner allows this node less in a day. Ask for less.")
    if earns and not pairing.earns:
        raise HubRefused(Refusal.MAY_NOT_EARN, "By this code the node may spend only. Have one made by which it earns.")
    _bind(pairing.account, caller, daily_limit_ubtt=daily_limit_ubtt, earns=earns, now=now)
    return pairing.account.ref


def bind_user(user_id: int, key: str, *, daily_limit_ubtt: int, now: datetime) -> None:
    """Let a node of ours spend from the user's account, whose wish this is. Raises Refused, BadItem."""
    check_speed_key("key", key)
    check_ubtt("daily_limit_ubtt", daily_limit_ubtt)
    account = _opened(user_account(market_asset(), user_id), now)
    ledger.whole(lambda: _bind(account, key, daily_limit_ubtt=daily_limit_ubtt, earns=False, now=now))


def bind_node(node_id: int, key: str, *, now: datetime) -> None:
    """Let vouchers to a node of ours be paid to its earnings. May run often. Raises Refused, HubRefused, BadItem."""
    check_speed_key("key", key)
    account = _opened(earnings_account(market_asset(), node_id), now)
    if not _live(key).filter(account=account, earns=True).exists():
        ledger.whole(lambda: _bind(account, key, daily_limit_ubtt=0, earns=True, now=now))


def revoke(user_id: int, key: str, *, now: datetime) -> None:
    """Take a key off the user's account: no channel opens any more. Doing it twice is doing it once."""
    _revoke(_live(key).filter(account__kind=AccountKind.USER, account__ref=str(user_id)), now)


def revoke_everywhere(key: str, *, now: datetime) -> None:
    """Take a key off all accounts: whoever holds it says so."""
    _revoke(_live(key), now)


def bound_to_user(user_id: int) -> list[SpeedKey]:
    """Return the keys that may act for a user, the newest first: for the user's page."""
    found = SpeedKey.objects.filter(account__kind=AccountKind.USER, account__ref=str(user_id), revoked_at__isnull=True)
    return list(found.select_related("account").order_by("-pk"))


def earning_account(key: str) -> Account | None:
    """Return the account that vouchers to a key are paid to."""
    found = _live(key).filter(earns=True).select_related("account").first()
    return found.account if found else None


def running_out(key: str) -> tuple[int, datetime | None]:
    """Return how many open channels a key pays into or is paid from, and when the time of the last one is over."""
    found = Channel.objects.filter(Q(payer_key=key) | Q(payee_key=key), end="")
    sums = found.aggregate(channels=Count("pk"), until=Max("expires_at"))
    return int(sums["channels"]), sums["until"]


def is_bound(key: str) -> bool:
    return _live(key).exists()


def locked_binding(key: str, account: str) -> SpeedKey:
    """Return what lets the key spend from an account, as the hub calls it. Raises HubRefused.

    The account is locked until the transaction ends: who binds or revokes waits for it, so that nothing opens for a key
    once it is revoked; and two who open something can't both see the last of the limit.
    """
    found = _spending(key, account).first()  # unlocked, so that strangers hold up nobody's account
    if found is not None:
        _lock([found.account_id])
        found = _spending(key, account).select_related("account").first()
    if found is None:
        raise HubRefused(*_NOT_BOUND)
    return found


def check_day(binding: SpeedKey, more_ubtt: int, *, now: datetime) -> None:
    """Raise HubRefused when the key would put more into channels than the account, which is locked, lets it a day."""
    if spent_ubtt(binding, now=now) + more_ubtt > binding.daily_limit_ubtt:
        raise HubRefused(
            Refusal.OVER_DAILY_LIMIT,
            f"This key may put {binding.daily_limit_ubtt:,} µ of this account into channels within 24 hours, and this "
            "would be more.",
        )


def spent_ubtt(binding: SpeedKey, *, now: datetime) -> int:
    """Return what the key has opened and topped up with from the account within 24 hours."""
    made = ReceiptVersion.objects.filter(
        channel__payer_id=binding.account_id, channel__payer_key=binding.key, made_at__gt=now - DAY
    )
    return int(made.aggregate(total=Sum("adds_ubtt"))["total"] or 0)


def accounts_of(key: str, *, now: datetime) -> list[HubAccount]:
    """Return the accounts that have bound a key, as its holder may see them."""
    return [_seen(binding, now) for binding in _live(key).select_related("account").order_by("pk")]


def forget_codes(*, now: datetime) -> None:
    PairingCode.objects.filter(expires_at__lte=now - CODE_KEPT).delete()


def _seen(binding: SpeedKey, now: datetime) -> HubAccount:
    open_ones = Channel.objects.filter(payer_id=binding.account_id, payer_key=binding.key, end="")
    sums = open_ones.aggregate(amount=Sum("amount_ubtt"), redeemed=Sum("redeemed_ubtt"))
    return HubAccount(
        account=binding.account.ref,
        available_ubtt=binding.account.available_ubtt,
        in_channels_ubtt=int(sums["amount"] or 0) - int(sums["redeemed"] or 0),
        daily_limit_ubtt=binding.daily_limit_ubtt,
        left_today_ubtt=max(binding.daily_limit_ubtt - spent_ubtt(binding, now=now), 0),
        earns=binding.earns,
    )


def _live(key: str) -> QuerySet[SpeedKey]:
    asset = market_asset()
    return SpeedKey.objects.filter(key=key, revoked_at__isnull=True, account__asset=asset)


def _spending(key: str, account: str) -> QuerySet[SpeedKey]:
    return _live(key).filter(account__ref=account, account__kind=AccountKind.USER, daily_limit_ubtt__gt=0)


def _lock(accounts: Collection[int]) -> None:
    """Lock accounts, in the order in which the ledger does, until the transaction ends. Bindings change only so."""
    list(Account.objects.select_for_update(no_key=True).filter(pk__in=accounts).order_by("pk"))


def _revoke(bindings: QuerySet[SpeedKey], now: datetime) -> None:
    def work() -> None:
        _lock(list(bindings.values_list("account_id", flat=True)))
        bindings.update(revoked_at=now)

    ledger.whole(work)


def _bind(account: Account, key: str, *, daily_limit_ubtt: int, earns: bool, now: datetime) -> None:
    """Bind a key, in place of what it was bound as before."""
    _lock([account.pk])
    before = _live(key).filter(account=account)
    if earns and _live(key).filter(earns=True).exclude(account=account).exists():
        raise HubRefused(Refusal.EARNS_ELSEWHERE, "This Speed key earns for another account already. Revoke it there.")
    same = before.filter(daily_limit_ubtt=daily_limit_ubtt, earns=earns)
    if not same.exists():
        before.update(revoked_at=now)
        if earns:  # an install that has changed its asset earns in the new one
            earning = SpeedKey.objects.filter(key=key, earns=True, revoked_at__isnull=True)
            earning.exclude(account__asset=market_asset()).update(revoked_at=now)
        SpeedKey.objects.create(account=account, key=key, daily_limit_ubtt=daily_limit_ubtt, earns=earns, bound_at=now)


def _opened(name: AccountName, now: datetime) -> Account:
    open_absent([name], now=now)
    found = Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).first()
    if found is None:
        raise Refused(_("There is nobody who could have this account."))
    return found


def _digest(code: str) -> bytes:
    return sha256("".join(letter for letter in code.upper() if letter.isalnum()).encode()).digest()
