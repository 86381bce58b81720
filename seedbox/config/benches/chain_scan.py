"""The scanner over HTTP in a database of its own: `python -m … URL EMPTY FULL`; the last line is JSON.

How many blocks a second it reads and books, empty ones and full ones, and how long after its payment a deposit is
credited. The chain's door asks two endpoints, as it must; here both are the same development chain.
"""

import json
import logging
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seedbox.config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.core.management import call_command  # noqa: E402  # as above

from seedbox.config.benches import chain_devnet  # noqa: E402  # as above
from seedbox.config.benches.chain_hands import InterruptedSigner  # noqa: E402  # as above
from seedbox.config.benches.files import BenchFailed  # noqa: E402  # as above
from wallet import wiring  # noqa: E402  # as above
from wallet.domain.money import Asset  # noqa: E402  # as above
from wallet.models import Deposit  # noqa: E402  # as above
from wallet.services import deposit_addresses, scanning  # noqa: E402  # as above

USERS = 100
ROOM = 200  # transactions of a full block
BURIED = 10  # blocks on top of them, so that they are solid
MINED_AT_ONCE = 1_000
TRC10_UNITS = 5_000_000
CREDIT_LIMIT_S = 120.0
PAUSE_S = 1.0  # between two looks, as the wallet's beat has it


def main(url: str, empty: int, full: int) -> dict[str, float]:
    call_command("migrate", verbosity=0)
    signer = InterruptedSigner(settings.DATA_DIR, lambda: None, is_away=lambda: False, now_ms=_now_ms)
    now = datetime.now(UTC)
    deposit_addresses.confirm_key(signer, now=now)
    addresses = [deposit_addresses.address_for(user_id, now=now).address for user_id in range(1, USERS + 1)]
    signer.close()
    chain = chain_devnet.at(url)
    for start in range(0, empty, MINED_AT_ONCE):
        chain.ask("devnet/mine", count=min(MINED_AT_ONCE, empty - start))
    blocks, took_s = _scan()
    figures = {"scan_blocks_per_s": round(blocks / took_s, 1)}
    for number in range(full):
        to = addresses[number % USERS]
        chain_devnet.fill(chain, count=ROOM, first=number * ROOM, pays={to: TRC10_UNITS})
        chain.ask("devnet/mine", count=1)
    chain.ask("devnet/mine", count=BURIED)
    _, took_s = _scan()
    if (found := Deposit.objects.filter(asset=Asset.TRC10).count()) != full:
        raise BenchFailed(f"{found} deposits of {full} were found")
    return figures | {"scan_tx_blocks_per_s": round(full / took_s, 1)} | _lag(chain, addresses[0])


def _scan() -> tuple[int, float]:
    """Read until there is nothing more; return how many blocks, and how long it took."""
    began_s, blocks = time.perf_counter(), 0
    while read := scanning.scan(wiring.chain(), now=datetime.now(UTC)):
        blocks += read
    return blocks, time.perf_counter() - began_s


def _lag(chain: chain_devnet.Devnet, address: str) -> dict[str, float]:
    """Pay, and look as often as beat does; return after how many seconds the payment was in the books."""
    before = Deposit.objects.count()
    chain.ask("devnet/faucet", address=address, assets={str(chain.trc10_id): TRC10_UNITS})
    began_s = time.monotonic()
    while Deposit.objects.count() == before:
        if time.monotonic() - began_s > CREDIT_LIMIT_S:
            raise BenchFailed("the deposit was not credited")
        time.sleep(PAUSE_S)
        scanning.scan(wiring.chain(), now=datetime.now(UTC))
    return {"credit_lag_s": round(time.monotonic() - began_s, 1)}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # there are no such users, so what comes for them is put into suspense
    found: dict[str, Any] = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps(found))  # noqa: T201  # what the bench reads
