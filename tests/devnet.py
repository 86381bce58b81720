"""A development chain for tests: the real one over HTTP, in a thread of this process or as a process of its own.

    with devnet_here(keys=[KEY]) as chain:          # 20 ms: for most tests
    with DevnetProcess(keys=[KEY]) as process:      # `manage.py devnet`: to kill it, or to be sure; process.chain

Both have blocks on demand and a solid lag of two blocks, unless told otherwise, and give the same `RunningDevnet`.
"""

import asyncio
import json
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import httpx

from tests.box import READY_WAIT_S, STOP_WAIT_S, ManagedProcess, free_port
from wallet.devnet.server import Options, Ready, serve

ANSWER_WAIT_S = 60.0
SOLID_LAG = 2


def private_key(name: str) -> bytes:
    """Return a key that belongs to a name; nobody else has it, and it is worth nothing."""
    return sha256(f"test key of {name}".encode()).digest()


class RunningDevnet:
    """A chain that answers at `url`, and what can be ordered from it. Amounts are of the smallest unit."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.url: str = ready["url"]
        self.second_url: str | None = ready.get("second_url")
        self.trc10_id: int = ready["trc10_id"]
        self.trc20: str = ready["trc20"]
        self.funded: list[dict[str, str]] = ready["funded"]
        self.client = httpx.Client(base_url=self.url, timeout=ANSWER_WAIT_S, trust_env=False)

    def close(self) -> None:
        self.client.close()

    def post(self, path: str, **fields: Any) -> Any:
        """Post to wallet/…, walletsolidity/… or devnet/…; return the JSON of the answer."""
        return self.client.post(path, json=fields).json()

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, params=query).json()

    def order(self, name: str, **fields: Any) -> Any:
        """Post to devnet/NAME: fail, lie, lag, delay, drop, clock, checks, reset, info; fail when it is refused."""
        answer = self.client.post(f"devnet/{name}", json=fields)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def mine(self, count: int = 1) -> int:
        """Make blocks; return the number of the newest."""
        return int(self.order("mine", count=count)["blocks"][-1]["number"])

    def settle(self) -> int:
        """Include what is pending, and make that block solid; return the number of the newest solid one."""
        self.mine(1 + int(self.order("info")["lag"]["solid"]))
        return int(self.order("info")["solid"]["number"])

    def faucet(
        self,
        address: str,
        *,
        trx: int = 0,
        trc10: int = 0,
        trc20: int = 0,
        assets: Mapping[str, int] | None = None,
        tokens: Mapping[str, int] | None = None,
    ) -> list[str]:
        """Pay TRX in sun, the chain's TRC-10 and TRC-20, or other tokens; return the ids, pending until mined."""
        paid = self.order(
            "faucet",
            address=address,
            trx=trx,
            assets={**({str(self.trc10_id): trc10} if trc10 else {}), **(assets or {})},
            trc20={**({self.trc20: trc20} if trc20 else {}), **(tokens or {})},
        )
        return list(paid["txIDs"])

    def reorg(self, depth: int, *, drop: bool | Sequence[str] = False, force: bool = False) -> int:
        """Throw away the newest blocks and build a longer branch; return the number of its newest block."""
        made = self.order("reorg", depth=depth, drop=drop if isinstance(drop, bool) else list(drop), force=force)
        return int(made["blocks"][-1]["number"])


@contextmanager
def devnet_here(
    *, keys: Sequence[bytes] = (), solid_lag: int = SOLID_LAG, block_s: float = 0, with_second_port: bool = False
) -> Iterator[RunningDevnet]:
    """Run a chain in a thread of this process, with plenty of everything on these keys."""
    options = Options(keys=keys, solid_lag=solid_lag, block_s=block_s, second_port=0 if with_second_port else None)
    found: list[Ready] = []
    is_ready, problems = threading.Event(), list[BaseException]()
    loop = asyncio.new_event_loop()
    until = asyncio.Event()

    def announce(ready: Ready) -> None:
        found.append(ready)
        is_ready.set()

    def run() -> None:
        try:
            loop.run_until_complete(serve(options, announce=announce, until=until))
        except BaseException as problem:
            problems.append(problem)
        finally:
            loop.close()
            is_ready.set()

    thread = threading.Thread(target=run, name="devnet", daemon=True)
    thread.start()
    assert is_ready.wait(READY_WAIT_S), "the chain was not ready in time"
    if problems:
        raise problems[0]
    chain = RunningDevnet(found[0].as_json())
    try:
        yield chain
    finally:
        chain.close()
        loop.call_soon_threadsafe(until.set)
        thread.join(STOP_WAIT_S)
        assert not thread.is_alive(), "the chain did not stop"


class DevnetProcess(ManagedProcess):
    """`manage.py devnet` on a free port of 127.0.0.1; `chain` is what answers there.

    With `keeps_state` it can be stopped, or killed, and started again on the same chain and port.
    """

    def __init__(
        self,
        *options: str,
        keys: Sequence[bytes] = (),
        solid_lag: int = SOLID_LAG,
        block_s: float = 0,
        keeps_state: bool = False,
    ) -> None:
        super().__init__("chain")
        self.env["SEEDBOX_DATA"] = str(self.data)
        state = ["--state", str(self.data / "devnet.sqlite3")] if keeps_state else []
        funds = [option for key in keys for option in ("--fund", key.hex())]
        timing = ["--block-seconds", str(block_s), "--solid-lag", str(solid_lag)]
        self._arguments = ["devnet", "--port", str(free_port()), *timing, *state, *funds, *options]
        self.chain: RunningDevnet

    def start(self) -> RunningDevnet:
        self.launch(*self._arguments)
        self.chain = RunningDevnet(json.loads(self.wait_for_line('{"url"')))
        return self.chain

    def stop(self, number: int = signal.SIGTERM) -> int:
        if hasattr(self, "chain"):
            self.chain.close()
        return super().stop(number)
