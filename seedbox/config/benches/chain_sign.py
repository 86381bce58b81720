"""How many signatures a second the signer's process gives over its socket, each of them durable before it is given."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from seedbox.config import env
from seedbox.config.benches.files import BenchFailed
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.tron.blocks import Header, block_id, encode_header, ref_of
from wallet.domain.tron.transactions import Raw, TransferAsset, encode_raw, tx_id
from wallet.signer.client import SignerAway, SignerClient
from wallet.signer.protocol import SignRequest

CALLERS = 2
START_LIMIT_S = 60.0
STOP_S = 20.0
LOOK_AGAIN_S = 0.05
BLOCK_MS = 1_700_000_000_000
LIFE_MS = 90_000
_STRANGER = Address(b"\x41" + b"\x77" * 20)


def measure(*, count: int) -> dict[str, float]:
    """Let the signer sign so many first attempts of withdrawals, asked by a few callers at once."""
    with tempfile.TemporaryDirectory(prefix="box") as name, _signer(Path(name)) as client:
        hot = client.status().hot_address
        assert hot is not None
        requests = _requests(parse_address(hot), count)
        threads = [threading.Thread(target=_ask, args=(client, requests[part::CALLERS])) for part in range(CALLERS)]
        before, began_s = client.status().entries, time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took_s = time.perf_counter() - began_s
        if client.status().entries - before != count:
            raise BenchFailed(f"the signer remembers {client.status().entries - before} signatures of {count}")
        return {"sign_per_s": round(count / took_s, 1)}


def _ask(client: SignerClient, requests: Sequence[SignRequest]) -> None:
    for request in requests:
        client.sign(request)


def _requests(hot: Address, count: int) -> list[SignRequest]:
    header = Header(1, BLOCK_MS, bytes(32), bytes(32), hot)
    found = []
    for number in range(1, count + 1):
        raw_bytes = encode_raw(
            Raw(
                *ref_of(block_id(header), header.number),
                expiration_ms=BLOCK_MS + LIFE_MS,
                timestamp_ms=BLOCK_MS,
                contract=TransferAsset(hot, _STRANGER, DEVNET.assets.trc10_id, number),
            )
        )
        found.append(
            SignRequest(
                purpose="withdrawal",
                attempt_key=f"withdrawal/{number}/1",
                raw_bytes=raw_bytes,
                tx_id=tx_id(raw_bytes),
                solid_header=encode_header(header),
            )
        )
    return found


@contextmanager
def _signer(data: Path) -> Iterator[SignerClient]:
    """Run a signer that makes its own wallet, as on any devnet."""
    environ = {**os.environ, "SEEDBOX_DATA": str(data), "WALLET_NETWORK": "devnet", "DATABASE_URL": ""}
    command, log = [sys.executable, str(env.ROOT / "manage.py"), "signer"], data / "signer.log"
    client = SignerClient(data / "signer.sock")
    with log.open("wb") as errors, subprocess.Popen(command, env=environ, stdout=errors, stderr=errors) as process:
        try:
            deadline_s = time.monotonic() + START_LIMIT_S
            while not _is_ready(client):
                if process.poll() is not None or time.monotonic() > deadline_s:
                    raise BenchFailed(f"the signer did not start: {log.read_text(errors='replace')[-400:]}")
                time.sleep(LOOK_AGAIN_S)
            yield client
        finally:
            process.terminate()
            process.wait(STOP_S)


def _is_ready(client: SignerClient) -> bool:
    try:
        return client.status().ready
    except SignerAway:
        return False
