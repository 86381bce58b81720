"""How many transactions a second the development chain takes over HTTP, on a few connections at once."""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from seedbox.config import env
from seedbox.config.benches.files import BenchFailed
from wallet.domain.tron import json_forms
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.keys import sha256, sign
from wallet.domain.tron.transactions import Raw, Signed, TransferAsset, TransferTrx, encode_raw

CONNECTIONS = 4
LIFE_MS = 3_600_000
ANSWER_S = 30.0
STOP_S = 20.0
BODY_BYTES = 64 * 1024 * 1024  # of an answer; a hundred full blocks have less
KEY = sha256(b"who pays in the bench of the chain")


@dataclass(frozen=True)
class Devnet:
    """A started `manage.py devnet` and the account in it that has plenty."""

    url: str
    owner: Address
    trc10_id: int
    trc20: Address

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
            ready = json.loads(line)
            yield Devnet(
                url=ready["url"],
                owner=parse_address(ready["funded"][0]["address"]),
                trc10_id=int(ready["trc10_id"]),
                trc20=parse_address(ready["trc20"]),
            )
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


def transfers(chain: Devnet, *, count: int, first: int = 0) -> list[dict[str, Any]]:
    """Return transactions as clients post them; no two are the same, and each goes to somebody who has an account."""
    block = chain.ask("walletsolidity/getnowblock")
    head = chain.ask("wallet/getnowblock")["block_header"]["raw_data"]
    number = int(block["block_header"]["raw_data"].get("number", 0))
    ref_block_bytes, ref_block_hash = ref_of(bytes.fromhex(block["blockID"]), number)
    head_ms = int(head["timestamp"])
    to = json_forms.header_from_json(head).witness
    posted = []
    for place in range(first, first + count):
        contract = (
            TransferTrx(chain.owner, to, place + 1)
            if place % 2
            else TransferAsset(chain.owner, to, chain.trc10_id, place + 1)
        )
        raw_bytes = encode_raw(Raw(ref_block_bytes, ref_block_hash, head_ms + LIFE_MS, head_ms + place, contract))
        signed = Signed(raw_bytes, (sign(KEY, sha256(raw_bytes)),))
        posted.append(json_forms.transaction_to_json(signed, visible=False))
    return posted


def _post(url: str, bodies: Sequence[dict[str, Any]], refused: list[Any]) -> None:
    connection = Connection(url)
    for body in bodies:
        answer = connection.ask("wallet/broadcasttransaction", body)
        if answer.get("result") is not True:
            refused.append(answer)
