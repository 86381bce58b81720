"""Moves what deposit addresses hold to the hot address when it is worth it, highest value first.

1. What is on its way is looked after: signed, sent again with the same bytes, found in a solid block, or dead.
2. For addresses without one on its way a transaction is written down, then signed, then sent: gas first, where the
   address has no TRX to pay with; the sweep when the gas is solid.
3. TRX comes back last, gas that was not used or what strangers sent, from addresses with nothing that it must pay for.

It stays between addresses of ours, so the books do not move; the scan books the fees. While withdrawals are halted
nothing new is made or signed. Two live ones of an address can't be, the database sees to it.
"""

import itertools
import logging
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from wallet.chain.endpoints import Chain
from wallet.chain.port import CallFails
from wallet.domain.chain_words import ANSWERED
from wallet.domain.deposits import split
from wallet.domain.money import Asset
from wallet.domain.retelling import fitting
from wallet.domain.sweeping import Cost, Prices, Sender, cost_of, is_worth, least_trx_sun, needs_its_trx
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.transactions import (
    Contract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    encode_raw,
    encode_transaction,
    tx_id,
)
from wallet.models import DepositAddress, Sweep, SweepPurpose, SweepState
from wallet.models.sweep import LIVE
from wallet.services import compared, halts, news, reconciliation, withdrawal_rules
from wallet.services.chain_reading import time_of
from wallet.services.holdings_on_chain import Holdings, holdings
from wallet.services.own_addresses import cursor as find_cursor
from wallet.services.own_addresses import hot_address, own_transaction
from wallet.signer.protocol import SignerConflict, SignerDoor, SignerError, SignerRefused, SignRequest

MOST_LIVE = 20  # at once: each is a few requests in a step
MOST_TRIED = 40  # addresses that a step asks the chain about
LIFE_MS = 60_000
REST = timedelta(hours=1)  # after one that the signer refused or the chain failed: the next would cost the same
MAX_SAYS_CHARS = 200
SWEPT = (Asset.TRC20, Asset.TRC10)

logger = logging.getLogger(__name__)


def step(chain: Chain, signer: SignerDoor, *, now: datetime) -> int:
    """Look after what is on its way and begin anew; return how many are live then. May run often. Raises ChainError."""
    for sweep in Sweep.objects.filter(state__in=LIVE).select_related("address").order_by("pk"):
        _look_after(chain, signer, sweep, now)
    live = Sweep.objects.filter(state__in=LIVE).count()
    cursor, hot = find_cursor(), hot_address()
    if cursor is None or hot is None or halts.is_halted():
        return live
    reconciliation.run_if_due(now=now)
    if compared.why_not(now):
        return live
    prices = _prices(chain)
    held = holdings(chain.network.name, cursor.height)
    tokens = itertools.islice(_worthwhile(held, chain.network.name, now), MOST_TRIED)
    trx = itertools.islice(_left_over(held, chain.network.name, prices, now), MOST_TRIED)
    for address, asset, units in itertools.chain(tokens, trx):
        if live >= MOST_LIVE:
            break
        try:
            made = _begin(chain, address, asset, units, parse_address(hot), prices, now)
        except CallFails as problem:  # its own trouble: the others go on
            logger.debug("%s can't be swept: %s", address, problem)
            continue
        if made is not None:
            live += 1
            _look_after(chain, signer, made, now)
    return live


def _worthwhile(held: Holdings, network: str, now: datetime) -> Iterator[tuple[DepositAddress, Asset, int]]:
    """Yield what addresses hold, the most valuable first, of those that have nothing on its way."""
    busy = _busy(now)
    addresses = {one.address: one for one in DepositAddress.objects.filter(network=network)}
    worth = [
        (split(units, asset)[0] * (1_000 if asset is Asset.TRC10 else 1), asset, address, units)
        for (asset, address), units in held.by_address.items()
        if asset in SWEPT and units > 0 and address in addresses and addresses[address].pk not in busy
    ]
    for _, asset, address, units in sorted(worth, reverse=True):
        if addresses[address].pk not in busy:
            yield addresses[address], asset, units
            busy.add(addresses[address].pk)  # one at a time: the other asset comes with a later step


def _left_over(
    held: Holdings, network: str, prices: Prices, now: datetime
) -> Iterator[tuple[DepositAddress, Asset, int]]:
    """Yield the TRX of addresses that have nothing on its way, the most first, unless what is beside it needs it."""
    busy, least_sun = _busy(now), least_trx_sun(prices)
    rows = DepositAddress.objects.filter(network=network).exclude(pk__in=busy)
    enough = [row for row in rows if held.of(row.address, Asset.TRX) >= least_sun]
    for row in sorted(enough, key=lambda row: -held.of(row.address, Asset.TRX)):
        beside = ((asset, split(held.of(row.address, asset), asset)[0]) for asset in SWEPT)
        if not any(needs_its_trx(asset=asset, amount_ubtt=amount, prices=prices) for asset, amount in beside):
            yield row, Asset.TRX, held.of(row.address, Asset.TRX)


def _busy(now: datetime) -> set[int]:
    """Return the ids of the addresses that have something on its way, or rest after what went wrong."""
    refused = Q(state__in=[SweepState.FAILED, SweepState.DROPPED], ended_at__gt=now - REST)
    return set(Sweep.objects.filter(Q(state__in=LIVE) | refused).values_list("address_id", flat=True))


def _begin(
    chain: Chain, row: DepositAddress, asset: Asset, units: int, hot: Address, prices: Prices, now: datetime
) -> Sweep | None:
    """Write down the next transaction of an address, if it is worth it."""
    address = parse_address(row.address)
    contract = _contract(chain, asset, address, hot, units)
    cost = _cost(chain, asset, address, hot, contract, prices)
    if asset is Asset.TRX:  # it pays for itself
        if not chain.account(hot).exists:
            return None  # that would be another price; the hot address gets its first TRX from the operator
        units -= cost.burn_sun
        contract = TransferTrx(address, hot, units)
    if not is_worth(asset=asset, amount_ubtt=split(units, asset)[0], cost_sun=cost.total_sun):
        return None
    if cost.gas_sun:
        reserve_sun = withdrawal_rules.current().reserve_sun
        if chain.account(hot).balance_sun < cost.gas_sun + cost.gas_fee_sun + reserve_sun:
            return None  # the rest pays for withdrawals; the operator's page says that it is short of TRX
        gas = TransferTrx(hot, address, cost.gas_sun)
        return _write(chain, row, SweepPurpose.GAS, Asset.TRX, gas, cost.gas_sun, Cost(cost.gas_fee_sun, 0, 0, 0), now)
    return _write(chain, row, SweepPurpose.SWEEP, asset, contract, units, cost, now)


def _contract(chain: Chain, asset: Asset, address: Address, hot: Address, units: int) -> Contract:
    if asset is Asset.TRX:
        return TransferTrx(address, hot, units)
    if asset is Asset.TRC10:
        return TransferAsset(address, hot, chain.network.assets.trc10_id, units)
    return TriggerContract(address, chain.network.assets.trc20_contract, transfer_call(hot, units))


def _cost(chain: Chain, asset: Asset, address: Address, hot: Address, contract: Contract, prices: Prices) -> Cost:
    account, resources = chain.account(address), chain.resources(address)
    energy = 0
    if isinstance(contract, TriggerContract):
        energy = chain.estimate_energy(address, contract.contract, contract.data)
    free_bytes = max(resources.free_bandwidth_left, resources.staked_bandwidth_left)
    sender = Sender(account.exists, account.balance_sun, free_bytes, resources.energy_left)
    hot_free_bytes = chain.resources(hot).free_bandwidth_left
    return cost_of(asset=asset, prices=prices, sender=sender, hot_free_bytes=hot_free_bytes, energy=energy)


def _prices(chain: Chain) -> Prices:
    found = chain.parameters()
    return Prices(
        byte_sun=found.transaction_fee_sun,
        energy_sun=found.energy_fee_sun,
        activation_sun=found.create_account_fee_sun + found.new_account_fee_sun,
    )


def _write(
    chain: Chain,
    row: DepositAddress,
    purpose: SweepPurpose,
    asset: Asset,
    contract: Contract,
    units: int,
    cost: Cost,
    now: datetime,
) -> Sweep | None:
    """Store the bytes before anybody signs them; None if the address has got another one meanwhile."""
    agreed = chain.solid_agreement()
    (reference,) = chain.blocks(agreed.number, agreed.number)
    head_ms = max(chain.heights().head.timestamp_ms, reference.timestamp_ms)
    ref_block_bytes, ref_block_hash = ref_of(reference.id, reference.number)
    raw_bytes = encode_raw(
        Raw(
            ref_block_bytes=ref_block_bytes,
            ref_block_hash=ref_block_hash,
            expiration_ms=head_ms + LIFE_MS,
            timestamp_ms=head_ms,
            contract=contract,
            fee_limit_sun=cost.fee_limit_sun,
        )
    )
    try:
        with transaction.atomic():
            return Sweep.objects.create(
                network=chain.network.name,
                purpose=purpose,
                address=row,
                asset=asset,
                amount=units,
                tx_id=tx_id(raw_bytes).hex(),
                raw_bytes=raw_bytes,
                reference_number=reference.number,
                reference_header=reference.header,
                expiration_ms=head_ms + LIFE_MS,
                fee_estimate_sun=cost.total_sun,
                made_at=now,
            )
    except IntegrityError:
        return None


def _look_after(chain: Chain, signer: SignerDoor, sweep: Sweep, now: datetime) -> None:
    cursor = find_cursor()  # first: what a scan reads meanwhile must not count as read without it
    found = own_transaction(sweep.tx_id)
    if found is not None:
        _end(sweep, SweepState.FAILED if found.has_failed else SweepState.FINAL, found.result, now)
    elif cursor is not None and cursor.block_at >= time_of(sweep.expiration_ms):
        # The scan has read every block that could hold it. Own money only: nothing more needs proof.
        _end(sweep, SweepState.DEAD if sweep.signature else SweepState.DROPPED, sweep.says, now)
    elif sweep.signature is not None or _sign(signer, sweep, now):
        _send(chain, sweep, now)


def _sign(signer: SignerDoor, sweep: Sweep, now: datetime) -> bool:
    """Have the bytes signed and keep the signature; say whether it is there."""
    if halts.is_halted() or compared.why_not(now):
        return False
    request = SignRequest(
        purpose="gas" if sweep.purpose == SweepPurpose.GAS else "sweep",
        attempt_key=f"{sweep.purpose}/{sweep.pk}/1",
        raw_bytes=bytes(sweep.raw_bytes),
        tx_id=bytes.fromhex(sweep.tx_id),
        solid_header=bytes(sweep.reference_header),
        from_index=None if sweep.purpose == SweepPurpose.GAS else sweep.address.index,
    )
    try:
        signer.confirm_address(sweep.address.index)  # it pays gas to addresses that it has confirmed
        signature = signer.sign(request)
    except SignerRefused as refusal:
        logger.error("%s %d is not signed: %s", sweep.purpose, sweep.pk, refusal)
        # It knows this number from other bytes where the database was restored: a later number goes, without a rest.
        _end(sweep, SweepState.DEAD if isinstance(refusal, SignerConflict) else SweepState.DROPPED, str(refusal), now)
        return False
    except SignerError as problem:
        Sweep.objects.filter(pk=sweep.pk).update(says=fitting(str(problem), MAX_SAYS_CHARS))
        return False
    is_moved = Sweep.objects.filter(pk=sweep.pk, state=SweepState.PREPARED).update(
        signature=signature, state=SweepState.SIGNED
    )
    if not is_moved:  # another worker has come before
        return False
    sweep.signature, sweep.state = signature, SweepState.SIGNED
    news.reserves_changed()
    return True


def _send(chain: Chain, sweep: Sweep, now: datetime) -> None:
    """Hand the same bytes in, whatever was answered before: no answer proves anything."""
    assert sweep.signature is not None
    signed = Signed(bytes(sweep.raw_bytes), (bytes(sweep.signature),))
    answers = chain.broadcast(encode_transaction(signed))
    halts.halt_for_another_id(answers, sweep.tx_id, now)
    says = "; ".join((ANSWERED % asdict(answer)).rstrip() for answer in answers)
    Sweep.objects.filter(pk=sweep.pk).update(says=fitting(says, MAX_SAYS_CHARS), broadcasts=sweep.broadcasts + 1)


def _end(sweep: Sweep, state: SweepState, says: str, now: datetime) -> None:
    ended = Sweep.objects.filter(pk=sweep.pk, state__in=LIVE).update(
        state=state, says=fitting(says, MAX_SAYS_CHARS), ended_at=now
    )
    if ended:
        sweep.state = state
        news.reserves_changed()
