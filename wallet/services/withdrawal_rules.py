"""The rules of withdrawals: what an operator has set, or what holds until one has."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from wallet.domain.items import key_hash
from wallet.domain.limits import DAY, HOUR, Window
from wallet.domain.money import UBTT_PER_BTT, Asset, worth_ubtt
from wallet.models import WithdrawalRules
from wallet.models.operator_act import ActKind
from wallet.services import ledger
from wallet.services.install import market_asset
from wallet.services.operators import USED, Actor, check_reason, in_flight_account, write_down
from wallet.services.refusals import Refused

FIELDS = (
    "least_ubtt",
    "most_ubtt",
    "user_hour_ubtt",
    "user_day_ubtt",
    "all_hour_ubtt",
    "all_day_ubtt",
    "approval_above_ubtt",
    "address_wait_s",
    "flat_fee_ubtt",
    "ubtt_per_trx",
    "reserve_sun",
)
_AT_LEAST = ("least_ubtt", "flat_fee_ubtt", "ubtt_per_trx")
_AT_MOST = ("most_ubtt", "user_hour_ubtt", "user_day_ubtt", "all_hour_ubtt", "all_day_ubtt", "approval_above_ubtt")
# About what a day of a small box may cost when somebody has stolen a login: tens to hundreds of dollars.
# In BTT, and for a market in BTTOLD converted.
DEFAULTS: Mapping[str, int] = {
    "least_ubtt": 10 * UBTT_PER_BTT,
    "most_ubtt": 100_000_000 * UBTT_PER_BTT,
    "user_hour_ubtt": 150_000_000 * UBTT_PER_BTT,
    "user_day_ubtt": 250_000_000 * UBTT_PER_BTT,
    "all_hour_ubtt": 500_000_000 * UBTT_PER_BTT,
    "all_day_ubtt": 1_000_000_000 * UBTT_PER_BTT,
    "approval_above_ubtt": 25_000_000 * UBTT_PER_BTT,
    "address_wait_s": 24 * 3600,
    "flat_fee_ubtt": 1 * UBTT_PER_BTT,
    "ubtt_per_trx": 0,  # the box bears what the network burns until its operator knows a price
    "reserve_sun": 20_000_000,
}
# There is nothing to steal, nobody tries things out for a day, and its faucet has TRX when the queue asks for some.
ON_A_DEVNET = {"address_wait_s": 0, "reserve_sun": 0}
_LOCK = 0x5EED_0F_11F1  # PostgreSQL's advisory lock of those who count against the limits


def current() -> WithdrawalRules:
    """Return the rules that hold now; unsaved ones while no operator has set any."""
    found = WithdrawalRules.objects.order_by("-pk").first()
    if found is not None:
        return found
    values = _converted(DEFAULTS, Asset.TRC20, market_asset())
    values |= ON_A_DEVNET if settings.WALLET_NETWORK == "devnet" else {}
    return WithdrawalRules(
        at=datetime.fromtimestamp(0, UTC), actor_id=0, actor_name=_("the defaults"), reason="", **values
    )


def in_asset(rules: WithdrawalRules, asset: Asset) -> WithdrawalRules:
    """Return the rules in the units of an asset: they are set in the market's, and BTTOLD is worth 1,000 BTT."""
    values = _converted({name: getattr(rules, name) for name in FIELDS}, market_asset(), asset)
    return WithdrawalRules(at=rules.at, actor_id=rules.actor_id, actor_name=rules.actor_name, **values)


def history(*, limit: int) -> list[WithdrawalRules]:
    return list(WithdrawalRules.objects.order_by("-pk")[:limit])


def change(values: Mapping[str, int], *, actor: Actor, reason: str, key: str, now: datetime) -> WithdrawalRules:
    """Let other rules hold from now on, once for the key. Raises Refused, also for a key that set others."""
    reason = check_reason(reason)
    if problem := _problem(values):
        raise Refused(problem)
    digest = key_hash(f"rules/{actor.id}/{key}")
    account = in_flight_account(now=now)

    def work() -> WithdrawalRules:
        earlier = WithdrawalRules.objects.filter(key_hash=digest).first()
        if earlier is None:
            made = WithdrawalRules.objects.create(
                at=now, actor_id=actor.id, actor_name=actor.name, reason=reason, key_hash=digest, **values
            )
            write_down(ActKind.RULED, account, actor=actor, reason=reason, key=f"rules/{made.pk}", now=now)
            return made
        was = {name: getattr(earlier, name) for name in FIELDS}
        if (earlier.actor_id, earlier.reason, was) != (actor.id, reason, dict(values)):
            raise Refused(USED)
        return earlier

    return ledger.whole(work)


def windows(rules: WithdrawalRules) -> tuple[Window, ...]:
    """Return the windows in which withdrawals are counted."""
    return (
        Window(HOUR, rules.user_hour_ubtt, is_everybodys=False),
        Window(DAY, rules.user_day_ubtt, is_everybodys=False),
        Window(HOUR, rules.all_hour_ubtt, is_everybodys=True),
        Window(DAY, rules.all_day_ubtt, is_everybodys=True),
    )


def lock_the_count() -> None:
    """Let nobody else count against the limits until this transaction ends: two could both see the last of a limit.

    On SQLite the transaction has the only writer's lock already.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _converted(values: Mapping[str, int], asset: Asset, in_asset: Asset) -> dict[str, int]:
    """Round up what is at least asked or paid, and down what is at most allowed."""
    return (
        dict(values)
        | {name: worth_ubtt(values[name], asset, in_asset=in_asset) for name in _AT_LEAST}
        | {name: -worth_ubtt(-values[name], asset, in_asset=in_asset) for name in _AT_MOST}
    )


def _problem(values: Mapping[str, int]) -> str:
    if set(values) != set(FIELDS) or any(type(value) is not int or not 0 <= value < 2**62 for value in values.values()):
        return _("Fill in every field with a whole number that is not below zero.")
    if values["least_ubtt"] < 1 or values["most_ubtt"] < values["least_ubtt"]:
        return _("The most of one withdrawal can't be below its least, and the least is above zero.")
    if values["user_hour_ubtt"] > values["user_day_ubtt"] or values["all_hour_ubtt"] > values["all_day_ubtt"]:
        return _("What may go out in an hour can't be more than what may go out in 24 hours.")
    if values["address_wait_s"] > 30 * 24 * 3600:
        return _("A new address can't be made to wait for more than 30 days.")
    return ""
