"""How many transactions a second the development chain takes over HTTP, on a few connections at once."""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seedbox.config import env
from seedbox.config.benches.files import BenchFailed
from wallet.domain.networks import DEVNET
from wallet.domain.tron import json_forms
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.keys import address_of_key, sha256, sign
from wallet.domain.tron.transactions import Contract, Raw, Signed, TransferAsset, TransferTrx, encode_raw

CONNECTIONS = 4
LIFE_MS = 3_600_000
ANSWER_S = 30.0
STOP_S = 20.0
BUSY_S = 0.05
BODY_BYTES = 64 * 1024 * 1024  # of an answer; a hundred full blocks have less
KEY = sha256(b"who pays in the bench of the chain")


@dataclass(frozen=True)
class Devnet:
    """A started `manage.py devnet`, where the bench's account has plenty."""

    url: str
    owner: Address
    trc10_id: int

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(self, path: str, **fields: Any) -> Any:
        return Connection(self.url).ask(path, fields)


class Connection:
    """A connection that is kept open. One thread."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        assert at.hostname
        self._line = http.client.HTTPConnection(at.hostname, at.port, timeout=ANSWER_S)

    def ask(self, path: str, fields: dict[str, Any]) -> Any:
        self._line.request("POST", f"/{path}", json.dumps(fields), {"Content-Type": "application/json"})
        answer = self._line.getresponse()
        body = answer.read(BODY_BYTES)
        if answer.status != 200:
            raise BenchFailed(f"{path} answers {answer.status}: {body[:200]!r}")
        return json.loads(body)


def at(url: str) -> Devnet:
    return Devnet(url, address_of_key(KEY), DEVNET.assets.trc10_id)


@contextmanager
def devnet(folder: Path, *, block_seconds: float, solid_lag: int) -> Iterator[Devnet]:
    """Let a chain run, with a block every so many seconds; with 0 only on demand."""
    command = [sys.executable, str(env.ROOT / "manage.py"), "devnet", "--port", "0"]
    command += ["--block-seconds", str(block_seconds), "--solid-lag", str(solid_lag), "--fund", KEY.hex()]
    log = folder / "devnet.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, cwd=env.ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout
            line = process.stdout.readline()
            if not line:
                raise BenchFailed(f"the development chain did not start: {log.read_text(errors='replace')[-400:]}")
            yield at(json.loads(line)["url"])
        finally:
            process.terminate()
            process.wait(STOP_S)


def measure(chain: Devnet, *, count: int) -> dict[str, float]:
    """Post so many signed transactions at once, half of them TRX and half TRC-10, and count what was accepted."""
    bodies = transfers(chain, count=count)
    parts = [bodies[number::CONNECTIONS] for number in range(CONNECTIONS)]
    refused: list[Any] = []
    threads = [threading.Thread(target=_post, args=(chain.url, part, refused)) for part in parts]
    began_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took_s = time.perf_counter() - began_s
    if refused:
        raise BenchFailed(f"{len(refused)} of {count} transactions were refused, like {refused[0]}")
    return {"devnet_tx_per_s": round(count / took_s, 1)}


def fill(chain: Devnet, *, count: int, first: int, pays: Mapping[str, int]) -> None:
    """Post so many transactions, among them these TRC-10 payments."""
    posted = transfers(chain, count=count, first=first, pays=pays)
    refused: list[Any] = []
    _post(chain.url, posted, refused)
    if refused:
        raise BenchFailed(f"{len(refused)} of {count} transactions were refused, like {refused[0]}")


def transfers(
    chain: Devnet, *, count: int, first: int = 0, pays: Mapping[str, int] | None = None
) -> list[dict[str, Any]]:
    """Return transactions as clients post them, no two the same; those that pay nobody named go to a witness."""
    block = chain.ask("walletsolidity/getnowblock")
    head = chain.ask("wallet/getnowblock")["block_header"]["raw_data"]
    number = int(block["block_header"]["raw_data"].get("number", 0))
    ref_block_bytes, ref_block_hash = ref_of(bytes.fromhex(block["blockID"]), number)
    head_ms = int(head["timestamp"])
    to = json_forms.header_from_json(head).witness
    wanted: list[Contract] = [
        TransferAsset(chain.owner, parse_address(address), chain.trc10_id, units)
        for address, units in (pays or {}).items()
    ]
    for place in range(first + len(wanted), first + count):
        is_trx = place % 2
        wanted.append(
            TransferTrx(chain.owner, to, place + 1)
            if is_trx
            else TransferAsset(chain.owner, to, chain.trc10_id, place + 1)
        )
    posted = []
    for place, contract in enumerate(wanted, first):
        raw_bytes = encode_raw(Raw(ref_block_bytes, ref_block_hash, head_ms + LIFE_MS, head_ms + place, contract))
        signed = Signed(raw_bytes, (sign(KEY, sha256(raw_bytes)),))
        posted.append(json_forms.transaction_to_json(signed, visible=False))
    return posted


def _post(url: str, bodies: Sequence[dict[str, Any]], refused: list[Any]) -> None:
    """Post each until it is taken or refused: a chain with 2,000 pending ones is busy until its next block."""
    connection = Connection(url)
    for body in bodies:
        while (answer := connection.ask("wallet/broadcasttransaction", body)).get("code") == "SERVER_BUSY":
            time.sleep(BUSY_S)
        if answer.get("result") is not True:
            refused.append(answer)
