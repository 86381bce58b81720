"""A development chain as a process: it makes blocks in time and answers on one port, or on two that can differ."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wallet.devnet import control
from wallet.devnet.application import Application
from wallet.devnet.chain import Devnet
from wallet.devnet.connections import Connections
from wallet.devnet.endpoint import Endpoint
from wallet.devnet.parameters import Lags
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.keys import KEY_BYTES, address_of_key

PLENTY = 1_000  # gifts of the faucet for a key that was asked for

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 0  # 0: any that is free
    second_port: int | None = None  # another view of the same chain, with faults and lags of its own
    block_s: float = 3.0  # 0: blocks are made on demand only
    solid_lag: int = 19
    keys: Sequence[bytes] = ()  # that shall have plenty of everything
    makes_key: bool = False  # and one more, made up here
    state_path: Path | None = None
    is_controlled: bool = True


@dataclass(frozen=True)
class Ready:
    """What somebody needs to know to use the chain."""

    url: str
    second_url: str | None
    trc10_id: int
    trc20: str
    funded: Sequence[tuple[str, str]]  # address and private key

    def as_json(self) -> dict[str, object]:
        return {
            "url": self.url,
            "trc10_id": self.trc10_id,
            "trc20": self.trc20,
            "funded": [{"address": address, "private_key": key} for address, key in self.funded],
            **({"second_url": self.second_url} if self.second_url else {}),
        }


async def serve(options: Options, *, announce: Callable[[Ready], None], until: asyncio.Event) -> None:
    """Open the chain, tell when it can be used, and serve it until the event.

    Raises OSError for a port that is taken, and StateFileRefused.
    """
    devnet = Devnet(state_path=options.state_path, lags=Lags(solid=options.solid_lag))
    try:
        funded = fund(devnet, options)
        first = Endpoint(devnet)
        ports = [await _listen(first, options, options.port)]
        try:
            second_url = None
            if options.second_port is not None:
                ports.append(await _listen(Endpoint(devnet, lags=devnet.lags()), options, options.second_port))
                second_url = ports[1].url
            view = first.view(is_solid=False)
            trc20 = to_base58(view.contracts()[0].address)
            announce(Ready(ports[0].url, second_url, view.assets()[0].id, trc20, funded))
            await _make_blocks(devnet, options.block_s, until)
        finally:
            for port in ports:
                await port.connections.close()
    finally:
        devnet.close()


@dataclass(frozen=True)
class Port:
    url: str
    connections: Connections


async def _listen(endpoint: Endpoint, options: Options, port: int) -> Port:
    connections = Connections(Application(endpoint, is_controlled=options.is_controlled))
    taken = await connections.listen(options.host, port)
    host = f"[{options.host}]" if ":" in options.host else options.host
    return Port(f"http://{host}:{taken}", connections)


def fund(devnet: Devnet, options: Options) -> list[tuple[str, str]]:
    """Give plenty to the keys that were named or made up, if they have not got it yet; return them.

    The blocks with it are made at once, and as many upon them as make it solid.
    """
    keys = [*options.keys, *([secrets.token_bytes(KEY_BYTES)] if options.makes_key else [])]
    endpoint = Endpoint(devnet)
    is_due = False
    for key in keys:
        address = address_of_key(key)
        account = endpoint.view(is_solid=False).account(address)
        if account is None or account.balance_sun < control.GIFT_SUN:
            trx_sun, assets, tokens = control.gift(endpoint)
            devnet.faucet(
                address,
                trx_sun=trx_sun * PLENTY,
                assets={asset_id: amount * PLENTY for asset_id, amount in assets.items()},
                tokens={contract: amount * PLENTY for contract, amount in tokens.items()},
            )
            is_due = True
    if is_due:
        devnet.mine(1 + options.solid_lag)
    return [(to_base58(address_of_key(key)), key.hex()) for key in keys]


async def _make_blocks(devnet: Devnet, block_s: float, until: asyncio.Event) -> None:
    if not block_s:
        await until.wait()
        return
    loop = asyncio.get_running_loop()
    due = loop.time() + block_s
    while not until.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(until.wait(), max(0.0, due - loop.time()))
            return
        try:
            devnet.mine()
        except Exception:
            _log.exception("no block was made")  # a full disk: the chain stands still until there is room again
        due = max(due + block_s, loop.time())
