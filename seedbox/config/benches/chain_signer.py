"""How many different transactions a second the signer signs for a few workers at once."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seedbox.config import env
from seedbox.config.benches.files import BenchFailed
from seedbox.config.benches.seeding_box import box_environ
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.tron.blocks import Header, block_id, encode_header, ref_of
from wallet.domain.tron.keys import recover
from wallet.domain.tron.transactions import Raw, TransferAsset, encode_raw, tx_id
from wallet.signer.client import SignerAway, SignerClient, SignRequest

WORKERS = 4
READY_S = 60.0
LOOK_AGAIN_S = 0.05
STOP_S = 20.0
NOW_MS = 1_700_000_000_000
LIFE_MS = 60_000
RECIPIENT = Address(b"\x41" + bytes(19) + b"\x07")


def measure(folder: Path, *, count: int) -> dict[str, float]:
    with _signer(folder) as client:
        hot = parse_address(client.status().hot_address or "")
        requests = [_request(hot, number) for number in range(1, count + 1)]
        parts = [requests[number::WORKERS] for number in range(WORKERS)]
        wrong: list[str] = []
        threads = [threading.Thread(target=_sign, args=(client, hot, part, wrong)) for part in parts]
        began_s = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took_s = time.perf_counter() - began_s
        if wrong or client.status().newest_signed is None:
            raise BenchFailed(f"{len(wrong)} of {count} signatures are wrong, like that of {wrong[:1]}")
    return {"sign_per_s": round(count / took_s, 1)}


@contextmanager
def _signer(folder: Path) -> Iterator[SignerClient]:
    """Let a signer run that makes keys for the devnet by itself."""
    environ = box_environ(folder, port=1, node_listen="127.0.0.1:1") | {"WALLET_NETWORK": DEVNET.name}
    client = SignerClient(env.read(environ).signer_socket)
    log = folder / "signer.log"
    command = [sys.executable, str(env.ROOT / "manage.py"), "signer"]
    with log.open("wb") as out, subprocess.Popen(command, env=environ, stdout=out, stderr=out) as process:
        try:
            deadline = time.monotonic() + READY_S
            while not _is_ready(client):
                if process.poll() is not None or time.monotonic() > deadline:
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


def _request(hot: Address, number: int) -> SignRequest:
    block = Header(number, NOW_MS + number, bytes(32), bytes(32), RECIPIENT)
    contract = TransferAsset(hot, RECIPIENT, DEVNET.assets.trc10_id, number)
    raw = Raw(*ref_of(block_id(block), number), block.timestamp_ms + LIFE_MS, block.timestamp_ms, contract)
    raw_bytes = encode_raw(raw)
    return SignRequest("withdrawal", f"withdrawal/{number}/1", raw_bytes, tx_id(raw_bytes), encode_header(block))


def _sign(client: SignerClient, hot: Address, requests: list[SignRequest], wrong: list[str]) -> None:
    for request in requests:
        if recover(request.tx_id, client.sign(request)) != hot:
            wrong.append(request.attempt_key)
