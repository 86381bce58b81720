"""What is done again and again about the chain: read, sweep, compare. Each may be late, twice or never."""

import logging
from datetime import datetime

from wallet.chain.endpoints import Chain
from wallet.chain.port import ChainError
from wallet.domain.chain_words import SIGNER_FIRST
from wallet.services import deposit_addresses, given_addresses, pending, reconciliation, scanning, second_source, sweeps
from wallet.signer.protocol import SignerDoor, SignerError

MOST_STEPS = 5  # of a hundred blocks each: a round leaves the worker free for others after some seconds

logger = logging.getLogger(__name__)  # every few seconds the same: what lasts stands on the operator's page


def read(chain: Chain, signer: SignerDoor, *, now: datetime) -> int:
    """Read on in the solid blocks and book what they bring, then look at what is on its way; return the blocks read."""
    try:
        deposit_addresses.confirm_key(signer, now=now)
        given_addresses.compare(signer, now=now)  # before blocks are read, in which something may have come to them
    except SignerError as problem:
        logger.debug("the signer was not asked for its key and its addresses: %s", problem)
    blocks = _read_on(chain, now=now)
    try:
        pending.look_at_head(chain, now=now)
    except ChainError as problem:
        logger.debug("what is on its way could not be looked at: %s", problem)
    scanning.look_at_endpoints(chain)
    return blocks


def _read_on(chain: Chain, *, now: datetime) -> int:
    if not given_addresses.is_compared():
        scanning.put_off(chain.network.name, SIGNER_FIRST, now=now)
        return 0
    blocks = 0
    for _ in range(MOST_STEPS):
        read_now = scanning.scan(chain, now=now)
        blocks += read_now
        if not read_now:
            break
    return blocks


def sweep(chain: Chain, signer: SignerDoor, *, now: datetime) -> None:
    try:
        sweeps.step(chain, signer, now=now)
    except ChainError as problem:
        logger.debug("sweeps wait: %s", problem)


def reconcile(chain: Chain, *, now: datetime) -> None:
    """Hold the chain against the books, and what an endpoint says against the chain's blocks."""
    reconciliation.run(now=now)
    second_source.compare(chain, now=now)
