"""Reads the solid blocks of the chain, one after the other and none twice, and books what they bring.

1. The height that two endpoints agree on is asked for; what lies above it may still be thrown away.
2. The addresses of ours are read, then the blocks behind the cursor, at most a hundred.
3. In one transaction the cursor is locked, and if nobody else has moved it: transfers, rows and the cursor are written.

So a crash, a second scanner or a lying endpoint changes nothing but a delay. What contradicts what was read before
halts withdrawals; deposits go on as soon as the chain can be read.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from wallet.chain.endpoints import WHOLE, Chain
from wallet.chain.port import BlockRef, ChainError, ChainLied, OtherNetwork
from wallet.domain import chain_words
from wallet.domain import halt_words as words
from wallet.domain.tron.addresses import Address
from wallet.models import ChainCursor, ChainMovement, HaltReason, OwnTransaction, PendingDeposit
from wallet.services import deposits, halts, ledger, news, outgoing
from wallet.services.chain_reading import ChainBroken, Read, read_on, time_of
from wallet.services.deposit_addresses import is_ready
from wallet.services.openings import open_absent
from wallet.services.watched import Owner, watched

WOBBLE_BLOCKS = 27  # behind one address there may be servers of different age; further back is another chain
LAG = timedelta(minutes=5)  # of trouble without an end: then a person must look
MAX_TROUBLE_CHARS = 300

logger = logging.getLogger(__name__)
_said: dict[str, str] = {}  # what was in the way of a network's scan before it began: there is no cursor yet to keep it


def scan(chain: Chain, *, now: datetime) -> int:
    """Read and book some more blocks; return how many. 0: there are no more, or they can't be read.

    May run often, twice at the same moment, or never for days: it goes on where the cursor stands.
    """
    network = chain.network.name
    try:
        cursor = ChainCursor.objects.filter(network=network).first() or _begin(chain, now)
        if cursor is None:
            return 0
        solid = chain.solid_agreement()
        _compare(cursor, solid)
        owners = watched(network)  # after the height, so that every address that a block may name is known
        read = read_on(chain, cursor, solid.number, owners)
    except ChainError as problem:
        _complain(network, problem, now)
        return 0
    _note(network, solid, now)
    return _keep(cursor, read, owners, now) if read is not None else 0


def _begin(chain: Chain, now: datetime) -> ChainCursor | None:
    """Begin behind the newest solid block, and on a devnet behind its first: before that, nothing can be ours.

    Not before there is a key: what came to an address that nobody watched would be missing for ever.
    """
    if not is_ready():
        return None
    genesis = chain.genesis()
    start = genesis if chain.network.name == "devnet" else chain.solid_agreement()
    cursor, _ = ChainCursor.objects.get_or_create(
        network=chain.network.name,
        defaults={
            "genesis_id": genesis.id.hex(),
            "first_height": start.number,
            "height": start.number,
            "block_id": start.id.hex(),
            "block_at": time_of(start.timestamp_ms),
            "moved_at": now,
            "solid_height": start.number,
        },
    )
    return cursor


def _compare(cursor: ChainCursor, solid: BlockRef) -> None:
    """Raise ChainBroken if the chain's solid blocks can't be those that were read."""
    if solid.number == cursor.height and solid.id.hex() != cursor.block_id:
        raise ChainBroken(WHOLE, chain_words.NOT_THE_READ_ONE % {"block": solid.number})
    if solid.number < cursor.height - WOBBLE_BLOCKS:
        says = chain_words.ENDS_BEFORE
        raise ChainBroken(WHOLE, says % {"last": solid.number, "read": cursor.height})


def _keep(cursor: ChainCursor, read: Read, owners: Mapping[Address, Owner], now: datetime) -> int:
    by_text = {owner.address: owner for owner in owners.values()}
    arrivals = deposits.arrivals_of(read.movements, by_text)
    open_absent({name for one in arrivals if one.item for name in (one.item.debit, one.item.credit)}, now=now)
    return ledger.whole(lambda: _write(cursor, read, arrivals, now))


def _write(cursor: ChainCursor, read: Read, arrivals: list[deposits.Arrival], now: datetime) -> int:
    locked = ChainCursor.objects.select_for_update().get(pk=cursor.pk)
    if locked.height != read.first - 1 or locked.block_id != cursor.block_id:
        return 0  # another scanner was first; its rows are these
    locked.height, locked.block_id = read.last.number, read.last.id.hex()
    locked.block_at, locked.moved_at = time_of(read.last.timestamp_ms), now
    made = deposits.book(arrivals, locked, now=now)
    ChainMovement.objects.bulk_create(read.movements)
    OwnTransaction.objects.bulk_create(read.transactions)
    deposits.book_missed_fees(locked, now=now)
    outgoing.check(read.movements, now=now)
    locked.save(update_fields=["height", "block_id", "block_at", "moved_at", "carry_units"])
    PendingDeposit.objects.filter(network=locked.network, block_number__lte=locked.height).delete()
    news.deposits_changed(deposit.user_id for deposit in made if deposit.user_id is not None)
    news.reserves_changed()
    return read.last.number - read.first + 1


def put_off(network: str, why: str, *, now: datetime) -> None:
    """Write down why nothing is read for now, which is nobody's fault; the next round that reads takes it away."""
    if _is_new(network, why):
        logger.warning("the chain is not read: %s", why)
    ChainCursor.objects.filter(network=network).update(looked_at=now, trouble=why)
    news.reserves_changed()


def look_at_endpoints(chain: Chain) -> None:
    """Write down how every endpoint is, for the operator's page."""
    rows = [
        {"name": one.name, "ok": one.ok, "problem": one.problem, "head": one.head, "solid": one.solid}
        for one in chain.health()
    ]
    ChainCursor.objects.filter(network=chain.network.name).update(endpoints=rows)


def _note(network: str, solid: BlockRef, now: datetime) -> None:
    """Write down how far the chain is; nothing was in the way."""
    ChainCursor.objects.filter(network=network).update(looked_at=now, trouble="", trouble_since=None)
    ChainCursor.objects.filter(network=network, solid_height__lt=solid.number).update(solid_height=solid.number)


def _complain(network: str, problem: ChainError, now: datetime) -> None:
    """Write down why it goes no further; halt if somebody has lied, or if it goes on for long."""
    trouble = str(problem)[:MAX_TROUBLE_CHARS]
    if _is_new(network, trouble):  # or it would be said every two seconds
        logger.warning("the chain can't be read: %s", problem)
    if isinstance(problem, ChainLied):
        halts.halt(_reason(problem), words.STOPS_CREDIT % {"problem": problem}, now)
    # After a time in which nobody looked, it is not known to have lasted.
    begins = Q(trouble_since=None) | Q(looked_at__lt=now - LAG)
    ChainCursor.objects.filter(begins, network=network).update(trouble_since=now)
    ChainCursor.objects.filter(network=network).update(looked_at=now, trouble=trouble)
    cursor = ChainCursor.objects.filter(network=network).first()
    if cursor is not None and cursor.trouble_since is not None and now - cursor.trouble_since > LAG:
        halts.halt(HaltReason.LAG, words.LAGS % {"height": cursor.height, "problem": problem}, now)
    news.reserves_changed()


def _is_new(network: str, words: str) -> bool:
    cursor = ChainCursor.objects.filter(network=network).first()
    before = cursor.trouble if cursor is not None else _said.get(network)
    _said[network] = words
    return before != words


def _reason(problem: ChainLied) -> HaltReason:
    if isinstance(problem, ChainBroken | OtherNetwork):
        return HaltReason.NETWORK
    return HaltReason.ENDPOINTS if problem.endpoint == WHOLE else HaltReason.LIED
