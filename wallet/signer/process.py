"""Runs the signer as a process of its own."""

import asyncio
import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from wallet.domain.networks import Network
from wallet.domain.tron.derivation import new_phrase
from wallet.signer import founding, hardening
from wallet.signer.secret import Secret
from wallet.signer.server import Peers, Server, lock_folder
from wallet.signer.signer import Place, Signer

Say = Callable[[str], None]


@dataclass(frozen=True)
class Setting:
    place: Place
    socket: Path
    network: Network
    peers: Collection[int] = ()  # users that may ask besides the signer's own


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def run(setting: Setting, *, say: Say) -> None:
    """Answer until a signal asks to stop; raises Busy while another signer works in the folder."""
    hardening.keep_memory_to_ourselves()
    descriptor = lock_folder(setting.place.folder)
    try:
        if setting.network.name == "devnet" and not setting.place.folder.exists():
            _found_by_itself(setting)
        signer = Signer(setting.place, setting.network, now_ms=now_ms)
        server = Server(signer, setting.socket, Peers(os.getuid(), setting.peers))
        asyncio.run(server.run(ready=lambda: _tell(signer, say)))
    finally:
        os.close(descriptor)


def _found_by_itself(setting: Setting) -> None:
    """Make keys for the devnet, whose money is worth nothing: nobody is asked, and nobody sees the words."""
    with Secret(new_phrase().encode()) as phrase:
        lock = founding.lock_by_key_file(setting.place.key_file)
        founding.found(setting.place.folder, phrase, lock, network=setting.network.name, at_ms=now_ms())


def _tell(signer: Signer, say: Say) -> None:
    status = signer.status()
    say(f"signs for {status.network} from {status.hot_address}" if status.ready else f"signs nothing: {status.why_not}")
    for notice in status.notices:
        say(f"WARNING: {notice}")
