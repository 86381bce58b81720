"""`manage.py signer` in a data folder of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.box import ROOT, Box, wait_until
from wallet.signer.client import SignerAway, SignerClient

STOP_WAIT_S = 10.0


@dataclass
class Running:
    """A signer that is started and stopped, and asked meanwhile."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.box = Box(WALLET_NETWORK="devnet", **self.settings)  # for its environment; it is not started
        self.data.mkdir(exist_ok=True)
        self.box.data.rmdir()
        self.box.data = self.data
        self.box.env["SEEDBOX_DATA"] = str(self.data)
        self.socket = Path(self.settings.get("WALLET_SIGNER_SOCKET", self.data / "signer.sock"))
        self.client = SignerClient(self.socket)
        self.log = self.data.with_name(f"{self.data.name}.log")

    @contextmanager
    def process(self) -> Iterator["subprocess.Popen[bytes]"]:
        with self.log.open("ab") as log:
            command = [sys.executable, str(ROOT / "manage.py"), "signer"]
            process = subprocess.Popen(command, env=self.box.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until(lambda: self.answers() or process.poll() is not None, "the signer to answer")
            assert process.poll() is None, self.log.read_text()
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_WAIT_S)
            finally:
                process.kill()
                process.wait()

    def answers(self) -> bool:
        try:
            return bool(self.client.status().network)
        except SignerAway:
            return False
