"""The signer's own limits: what it starts with, and how they are written."""

from dataclasses import asdict, replace
from typing import Any

from wallet.signer.policy import TRC10, TRC20, TRX, Limit, Rules

SUN = 10**6
BTTOLD = 10**6
BTT = 10**18
# What the web's own limits allow by default: as much in one payment, twice as much of all users in an hour and a day,
# as what was signed and never arrived counts here, too. Whoever holds money of worth sets narrower ones.
DEFAULT = Rules(
    limits={
        TRC20: Limit(100_000_000 * BTT, 1_000_000_000 * BTT, 2_000_000_000 * BTT),
        TRC10: Limit(100_000 * BTTOLD, 1_000_000 * BTTOLD, 2_000_000 * BTTOLD),
        TRX: Limit(200 * SUN, 20_000 * SUN, 200_000 * SUN),
    },
    fee_limit_sun=1_000 * SUN,
)
UNITS = {TRC20: BTT, TRC10: BTTOLD, TRX: SUN}
DECIMALS = {TRC20: 18, TRC10: 6, TRX: 6}


class BadRules(ValueError):
    """These are no limits: {reason}."""


def write(rules: Rules) -> dict[str, Any]:
    return {
        "limits": {asset: asdict(limit) for asset, limit in rules.limits.items()},
        "fee_limit_sun": rules.fee_limit_sun,
        "receipts_per_day_ubtt": rules.receipts_per_day_ubtt,
        "chosen": list(rules.chosen),
    }


def read(given: Any) -> Rules:
    """Return the limits that JSON describes; raises BadRules. Older ones say nothing of receipts and choice."""
    match given:
        case {"limits": dict(limits), "fee_limit_sun": int(fee_limit_sun), **rest} if limits.keys() == UNITS.keys():
            per_day_ubtt = rest.get("receipts_per_day_ubtt", DEFAULT.receipts_per_day_ubtt)
            chosen = rest.get("chosen", [])
            if type(per_day_ubtt) is int and per_day_ubtt >= 0 and isinstance(chosen, list):
                return Rules(
                    {asset: _limit(limit) for asset, limit in limits.items()},
                    fee_limit_sun,
                    per_day_ubtt,
                    tuple(asset for asset in UNITS if asset in chosen),
                )
    raise BadRules("they have another shape")


def follow(former: Rules, new: Rules) -> Rules:
    """Return the new limits with all that was chosen by now: what they name, what they change, and what was before.

    The first ones of a store change nothing: it was founded with them, maybe by a version that came with others.
    """
    chosen = {*former.chosen, *new.chosen}
    if former is not DEFAULT:
        chosen |= {asset for asset, limit in new.limits.items() if limit != former.limits[asset]}
    return replace(new, chosen=tuple(asset for asset in UNITS if asset in chosen))


def _limit(given: Any) -> Limit:
    match given:
        case {"per_transaction": int(per_transaction), "per_hour": int(per_hour), "per_day": int(per_day)}:
            if 0 <= per_transaction <= per_hour <= per_day:
                return Limit(per_transaction, per_hour, per_day)
            raise BadRules("a limit grows from one transaction to an hour to a day")
    raise BadRules("a limit has another shape")
