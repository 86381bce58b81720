"""transmission as a foreign peer: a client that knows v1 only, and shares no code with libtorrent.

It never connects to loopback addresses by itself, so whoever trades with it has to be told of it.
"""

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from tests.aria2 import tool
from tests.box import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STOP_TIMEOUT_S = 20
RPC_TIMEOUT_S = 10
TOLERATED, PREFERRED, REQUIRED = 0, 1, 2  # what it wants of encryption
_TOKEN = "X-Transmission-Session-Id"  # against forged requests: the first answer tells it


class Transmission:
    """A running daemon, asked and told through its RPC."""

    def __init__(self, url: str, endpoint: str, folder: "Path") -> None:
        self.endpoint = endpoint  # where peers reach it
        self.folder = folder  # where its files are
        self._http = httpx.Client(base_url=url, timeout=RPC_TIMEOUT_S, trust_env=False)

    def ask(self, method: str, **arguments: Any) -> dict[str, Any]:
        answer = self._http.post("", json={"method": method, "arguments": arguments})
        if answer.status_code == httpx.codes.CONFLICT:
            self._http.headers[_TOKEN] = answer.headers[_TOKEN]
            answer = self._http.post("", json={"method": method, "arguments": arguments})
        body: dict[str, Any] = answer.raise_for_status().json()
        assert body["result"] == "success", body
        result: dict[str, Any] = body["arguments"]
        return result

    def answers(self) -> bool:
        try:
            return bool(self.ask("session-get"))
        except httpx.TransportError:
            return False

    def add(self, source: str) -> None:
        """Add a magnet, or the torrent file at this path; what lies in the folder is checked first."""
        self.ask("torrent-add", filename=source)

    def torrents(self) -> list[dict[str, Any]]:
        fields = ["name", "percentDone", "leftUntilDone", "metadataPercentComplete", "status", "peers", "errorString"]
        found: list[dict[str, Any]] = self.ask("torrent-get", fields=fields)["torrents"]
        return found

    def wait_until_complete(self, names: set[str], limit_s: float) -> None:
        def look() -> bool:
            return names <= {
                torrent["name"]
                for torrent in self.torrents()
                if torrent["metadataPercentComplete"] == 1 and torrent["percentDone"] == 1 and torrent["status"] == 6
            }

        wait_until(look, f"transmission to have all of {sorted(names)}", limit_s)

    def close(self) -> None:
        self._http.close()


@contextmanager
def transmission(folder: "Path", *, address: str, encryption: int = PREFERRED) -> "Iterator[Transmission]":
    """Run a daemon that listens on `address`, with its files in `folder`; it looks for nobody."""
    settings, rpc_port, port = folder / "settings of transmission", free_port(), free_port()
    settings.mkdir(parents=True)
    chosen = {
        "bind-address-ipv4": address,
        "bind-address-ipv6": "::1",
        "dht-enabled": False,
        "download-dir": str(folder),
        "encryption": encryption,
        "lpd-enabled": False,
        "peer-port": port,
        "pex-enabled": False,
        "port-forwarding-enabled": False,
        "rpc-authentication-required": False,
        "rpc-bind-address": "127.0.0.1",
        "rpc-port": rpc_port,
        "utp-enabled": True,
    }
    (settings / "settings.json").write_text(json.dumps(chosen))
    process = subprocess.Popen(
        [tool("transmission-daemon", package="transmission-daemon"), "--foreground", "--config-dir", str(settings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    daemon = Transmission(f"http://127.0.0.1:{rpc_port}/transmission/rpc", f"{address}:{port}", folder)
    try:
        wait_until(daemon.answers, "transmission to answer")
        yield daemon
    finally:
        daemon.close()
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
