"""Where each asset is: on the address that pays, on deposit addresses, on cold ones; and what is wrong with that."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.deposits import format_units
from wallet.domain.halt_words import THERE
from wallet.domain.money import Asset
from wallet.domain.retelling import said_again
from wallet.models import DepositAddress
from wallet.services import cold_addresses, second_source
from wallet.services.entry_rows import Row
from wallet.services.holdings_on_chain import Holdings, holdings
from wallet.services.own_addresses import cursor, hot_address

LOW_TRX_SUN = 100_000_000  # 100 TRX: some ten token transfers by fees burned
SHORT_OF_TRX = gettext_noop("It is short of TRX: withdrawals and sweeps need it for fees. Send some there.")


@dataclass(frozen=True)
class Float:
    """Where an asset is."""

    unit: str
    total: str
    hot: str
    deposits: str
    cold: str
    addresses: int  # deposit addresses that have any
    is_low: bool


def floats() -> list[Float]:
    """Return where each asset is, at the height that was read."""
    found, hot = cursor(), hot_address()
    if found is None or hot is None:
        return []
    held = holdings(found.network, found.height)
    users = set(DepositAddress.objects.filter(network=found.network).values_list("address", flat=True))
    cold = {one.address for one in cold_addresses.listed()}
    return [_float(held, asset, hot, users, cold) for asset in (Asset.TRC20, Asset.TRC10, Asset.TRX)]


def lacks_trx() -> bool:
    """Say whether the hot address has too little for the chain's fees: then nothing is paid out and nothing swept."""
    return any(one.is_low for one in floats())


def _float(held: Holdings, asset: Asset, hot: str, users: set[str], cold: set[str]) -> Float:
    at_users = [units for (kind, address), units in held.by_address.items() if kind is asset and address in users]
    in_hot = held.of(hot, asset)
    return Float(
        unit=asset.unit,
        total=format_units(held.total.get(asset, 0), asset),
        hot=format_units(in_hot, asset),
        deposits=format_units(sum(at_users), asset),
        cold=format_units(sum(held.of(address, asset) for address in cold), asset),
        addresses=sum(units > 0 for units in at_users),
        is_low=asset is Asset.TRX and in_hot < LOW_TRX_SUN,
    )


def doubts() -> list[str]:
    """Return where an endpoint says otherwise than the blocks that were read."""
    found = cursor()
    return [second_source.in_words(name, one["units"]) for name, one in found.doubts.items()] if found else []


def rows_of(found: Sequence[Float]) -> list[Row]:
    return [
        {
            "row": f"float-{one.unit}",
            "unit": one.unit,
            "hot": one.hot,
            "deposits": one.deposits,
            "on": _("on %(count)s") % {"count": one.addresses} if one.addresses else "",
            "cold": one.cold,
            "total": one.total,
        }
        for one in found
    ]


def warnings(found: Sequence[Float]) -> list[Row]:
    """Return what is to be said below where it is, the worst first."""
    said = [(_(SHORT_OF_TRX), "red") for one in found if one.is_low]
    says = _("By the word of an endpoint, %(doubt)s than the blocks that were read say.")
    said += [(says % {"doubt": said_again(doubt, THERE)}, "yellow") for doubt in doubts()]
    return [{"row": f"warning-{number}", "text": text, "tone": tone} for number, (text, tone) in enumerate(said)]
