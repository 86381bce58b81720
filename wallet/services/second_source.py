"""Asks an endpoint what our addresses hold, as a second opinion on the sum of the blocks that were read.

An endpoint's balances belong to its newest block and to what is pending, and can't be asked for at a height. So it is
asked only while nothing of ours is on its way, and a difference counts when it stays the same for some minutes. Less
than the blocks say halts withdrawals; more is shown, for it may be what came before the first block that was read.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from wallet.chain.endpoints import Chain
from wallet.chain.port import MAX_BLOCKS, ChainError
from wallet.domain import halt_words as words
from wallet.domain.deposits import plain_units
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import parse_address
from wallet.domain.withdrawal_states import LIVE as LIVE_ATTEMPTS
from wallet.models import Attempt, ChainCursor, HaltReason, Sweep
from wallet.models.sweep import LIVE as LIVE_SWEEPS
from wallet.services import halts, pending
from wallet.services.holdings_on_chain import Holdings, holdings
from wallet.services.own_addresses import standing
from wallet.services.watched import watched

MOST_ADDRESSES = 10  # beside the install's own: those that hold most
LASTS = timedelta(minutes=3)  # what is pending when one asks is in a block by then

logger = logging.getLogger(__name__)


def compare(chain: Chain, *, now: datetime) -> None:
    """Compare, if there is a moment for it; keep what differs, and halt for what has been missing for some minutes."""
    cursor = ChainCursor.objects.filter(network=chain.network.name).first()
    if cursor is None or _is_busy():
        return
    try:
        differences = _differences(chain, cursor)
    except ChainError as problem:
        logger.info("no second opinion on what our addresses hold: %s", problem)
        return
    if differences is None:
        return
    doubts = {}
    for name, units in differences.items():
        before = cursor.doubts.get(name, {})
        same = before.get("units") == str(units)
        doubts[name] = {"units": str(units), "since": before["since"] if same else now.isoformat()}
    ChainCursor.objects.filter(pk=cursor.pk).update(doubts=doubts)
    missing = [
        in_words(name, doubt["units"])
        for name, doubt in doubts.items()
        if int(doubt["units"]) < 0 and now - datetime.fromisoformat(doubt["since"]) >= LASTS
    ]
    if missing:
        says = words.SAYS_OTHERWISE % {"missing": ";\n".join(missing)}
        halts.halt(HaltReason.RECONCILIATION, says, now)


def in_words(name: str, units: str) -> str:
    """Say by how much an endpoint differs from the blocks, in English."""
    address, unit = name.split(" ")
    asset = next(asset for asset in Asset if asset.unit == unit)
    says = words.MORE_THERE if int(units) > 0 else words.LESS_THERE
    return says % {"address": address, "amount": plain_units(abs(int(units)), asset), "unit": unit}


def _is_busy() -> bool:
    attempts = Attempt.objects.filter(state__in=LIVE_ATTEMPTS)
    return attempts.exists() or Sweep.objects.filter(state__in=LIVE_SWEEPS).exists()


def _differences(chain: Chain, cursor: ChainCursor) -> dict[str, int] | None:
    """Return where the endpoint differs, without zeros; None while something is on its way. Raises ChainError."""
    owners, heights = watched(cursor.network), chain.heights()
    if not cursor.height <= heights.head.number <= cursor.height + MAX_BLOCKS:
        return None  # behind what was read, it would say less and be right; far ahead, it can't be compared
    if pending.not_solid_yet(chain, cursor.height, heights, owners):
        return None
    held, found = holdings(cursor.network, cursor.height), dict[str, int]()
    for address in _looked_at(held, cursor.network):
        for asset, units in _said_of(chain, address).items():
            if difference := units - held.of(address, asset):
                found[f"{address} {asset.unit}"] = difference
    return found


def _looked_at(held: Holdings, network: str) -> Iterator[str]:
    own = standing(network)
    yield from own
    by_amount = sorted(held.by_address.items(), key=lambda one: -one[1])
    others = dict.fromkeys(address for (_asset, address), units in by_amount if units > 0 and address not in own)
    yield from islice(others, MOST_ADDRESSES)


def _said_of(chain: Chain, address: str) -> dict[Asset, int]:
    assets, place = chain.network.assets, parse_address(address)
    account = chain.account(place)
    return {
        Asset.TRX: account.balance_sun,
        Asset.TRC10: account.assets.get(assets.trc10_id, 0),
        Asset.TRC20: chain.token_balance(assets.trc20_contract, place),
    }
