"""Boxes that trade with each other, each an install of its own, used as people use them: by pages and commands."""

import json
import os
import re
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.box import Box, free_port, wait_until
from tests.e2e.visitors import signed_in, token_of
from wallet.domain.accounts import AccountKind
from wallet.domain.money import Asset

NODE, OLGA, PASSWORD = "local", "olga", "plenty of characters"
LIMIT_S = 300.0  # far more than anything here takes
PATIENCE_S = 60.0
DAY_LIMIT_BTT = 1_000
SIDES = {"buying": "speed_buyingdeal", "selling": "speed_sellingdeal"}
_CODE = re.compile(r'pairing-code">([^<]+)<.*?hub has the id <span[^>]*>([0-9a-f]{40})<', re.DOTALL)
_INVITATION = re.compile(r'value="[^"]*(/invitation/[^"]+)"')
_KEY = re.compile(r'name="key" value="([0-9a-f]{32})"')

Json = dict[str, Any]


@dataclass(frozen=True)
class Pairing:
    """What somebody of one install tells somebody of another, so that money here can be spent there."""

    url: str
    hub_id: str
    code: str


class Visitor:
    """Somebody who is signed in."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def find(self, path: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        return _found(self._client.get(path), pattern)

    def read(self, path: str) -> str:
        return self._client.get(path).text

    def send(self, path: str, fields: Json, *, says: str, file: Path | None = None) -> httpx.Response:
        """Send a form, and see these words in the answer."""
        files = {"files": (file.name, file.read_bytes())} if file else None
        page = self._client.post(path, data={name: str(value) for name, value in fields.items()}, files=files)
        assert page.status_code == httpx.codes.OK and says in page.text, f"{path}: {page.status_code}\n{page.text}"
        return page


class Install(Box):
    """A box with a market and a chain of its own, whose node is at an address of loopback. `ada` is its admin."""

    def __init__(self, address: str) -> None:
        ports = {name: f"{address}:{free_port()}" for name in ("NODE_LISTEN", "NODE_SPEED_LISTEN")}
        chain = {"WALLET_DEVNET_BLOCK_SECONDS": "0.3", "WALLET_DEVNET_SOLID_LAG": "3"}
        super().__init__(WALLET_NETWORK="devnet", **chain, **ports)
        self.address = address

    def start(self) -> None:
        """Start as a box does, but with the patience that two boxes need that start on the same machine at once."""
        self.launch("up")
        self.wait_for_line("Seedbox is ready", LIMIT_S)

    @property
    def endpoint(self) -> str:
        return self.env["NODE_LISTEN"]

    @property
    def database(self) -> Path:
        return self.data / "seedbox.sqlite3"

    # --- what its people do

    @contextmanager
    def admin(self) -> Iterator[Visitor]:
        with closing(signed_in(self)) as client:
            yield Visitor(client)

    def bind_node(self) -> None:
        """Bind the node to its address: what it calls from loopback would all come from 127.0.0.1."""
        peers = {"max_connections": 2_000, "max_upload_slots": 200}
        way_out = {"interface": self.address, "proxy_kind": "none", "proxy_port": 1080}
        with self.admin() as ada:
            ada.send(f"/nodes/{NODE}/network/", way_out | peers, says="the node carries it out")

    def sell(self, *, limit_mib: int, ask_btt: int) -> None:
        """Let ada sell upload."""
        price = {"free_share_ppm": 20, "ask_ubtt_per_gib": ask_btt}
        selling = {"sells": "on", "upload_limit_bytes_per_s": limit_mib, "dials_local": "on"}
        with self.admin() as ada:
            ada.send(f"/market/nodes/{NODE}/", price | selling, says="the node follows")

    def buy(self) -> None:
        """Let users bid through the node, and ada's bids spend."""
        buying = {"free_share_ppm": 20, "ask_ubtt_per_gib": 20, "buys": "on", "dials_local": "on"}
        with self.admin() as ada:
            ada.send(f"/market/nodes/{NODE}/", buying, says="the node follows")
            ada.send("/market/spending/", {"is_on": "on", "day_limit_ubtt": DAY_LIMIT_BTT}, says="Your spending is on")

    def charge(self, *, fee_percent: str) -> None:
        """Take a fee for what is paid over this box's hub."""
        with self.admin() as ada:
            key = ada.find("/market/hubs/", _KEY)[0]
            fee = {"fee_ppm": fee_percent, "reason": "for the hub's work", "key": key}
            ada.send("/market/hubs/fee/", fee, says="pay this fee")

    def fill_adas_account(self) -> None:
        with self.admin() as ada:
            self._fill_account(ada, self.admin_user)

    def let_olga_in(self, *, earns: bool) -> Pairing:
        """Let a member sign up, and make a code for a node of another install: to earn for her, or to spend hers."""
        with self.admin() as ada:
            invitation = _found(ada.send("/people/invite/", {"role": "member"}, says="Invitation link"), _INVITATION)[0]
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=PATIENCE_S) as client:
            page = client.get(invitation)
            words = {"username": OLGA, "password1": PASSWORD, "password2": PASSWORD}
            words["csrfmiddlewaretoken"] = token_of(page)
            client.post(page.url, data=words, headers={"Origin": self.url, "Referer": str(page.url)})
            client.headers.update({"Origin": self.url, "X-CSRFToken": token_of(client.get("/"))})
            olga = Visitor(client)
            if not earns:
                self._fill_account(olga, OLGA)
            may: Json = {"earns": "on"} if earns else {"most_ubtt": DAY_LIMIT_BTT}
            code, hub_id = _found(olga.send("/market/spending/code/", may, says="Pairing code"), _CODE)
        return Pairing(self.url, hub_id, code)

    def _fill_account(self, who: Visitor, name: str) -> None:
        who.send("/wallet/deposit/faucet/", {}, says="The faucet has paid")
        wait_until(lambda: self.has(AccountKind.USER, name), "money from the chain", LIMIT_S)

    def pair_with(self, pairing: Pairing, *, earns: bool, exposure_btt: str) -> None:
        """Let the node earn for an account at another install's hub, or ada bid with its money."""
        hub = {"url": pairing.url, "hub_id": pairing.hub_id, "exposure_limit_ubtt": exposure_btt}
        code: Json = {"hub": pairing.hub_id, "node": NODE, "code": pairing.code}
        code |= {"pair_earns": "on"} if earns else {"pair_limit_ubtt": DAY_LIMIT_BTT}
        with self.admin() as ada:
            ada.send("/market/hubs/", hub, says="The hub is trusted")
            ada.send("/market/spending/pair/", code, says="takes the code to that hub")
        wait_until(lambda: self.ask("SELECT account FROM speed_pairing")[0]["account"], "an account there", LIMIT_S)

    def offer(self, torrent_file: Path) -> None:
        """Sell a private torrent whose content lies there."""
        with self.admin() as ada:
            ada.send("/torrents/add/", {"start": "on"}, file=torrent_file, says="added")
            whole = "SELECT h.id FROM seedbox_holding h JOIN seedbox_observation USING (torrent_id) WHERE state = ?"
            held = wait_until(lambda: self.ask(whole, "seeding"), "a torrent that seeds", LIMIT_S)
            ada.send(f"/market/torrents/{held[-1]['id']}/sale/", {"for_sale": "yes"}, says="the node follows")

    def add(self, torrent_file: Path, *, peer: str) -> int:
        """Fetch a torrent that this peer has; return its number on the pages."""
        done = self.manage("torrents", "add", str(torrent_file), "--peer", peer, "--json")
        assert done.returncode == 0, done.stderr
        return int(json.loads(done.stdout)[0]["id"])

    def bid(self, number: int, wish: Json) -> None:
        """Bid for a private torrent, or change the bid."""
        with self.admin() as ada:
            ada.send(f"/market/torrents/{number}/bid/", wish | {"asks_directory": "on"}, says="Your bid stands")

    # --- what it knows

    def ask(self, question: str, *values: object) -> list[Json]:
        """Ask the box's database, beside its processes."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=PATIENCE_S)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(question, values)]

    def deal(self, side: str) -> Json:
        """Return the box's only deal as its node last wrote it, {} while there is none."""
        deals = self.ask(f"SELECT * FROM {SIDES[side]}")
        assert len(deals) < 2, f"a deal was ended and made anew: {deals}"
        return deals[0] if deals else {}

    def has(self, kind: AccountKind, user: str = "") -> int:
        """Return what accounts of a kind have in the box's books, or this user's alone."""
        people = self.ask("SELECT id FROM seedbox_user WHERE username = ?", user)
        ref = str(people[0]["id"]) if people else "%"
        sums = "SELECT coalesce(sum(balance_ubtt), 0) AS ubtt FROM wallet_account WHERE asset = ? AND kind = ?"
        return int(self.ask(f"{sums} AND ref LIKE ?", Asset.TRC20.value, kind.value, ref)[0]["ubtt"])

    # --- what befalls it

    def kill(self, name: str) -> None:
        """Kill a process, and see that another takes its place."""
        pid = wait_until(lambda: self.child_pid(name), f"the {name} to run", LIMIT_S)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.child_pid(name) not in (0, pid), f"another {name}", LIMIT_S)

    def crash(self) -> None:
        """Kill the supervisor, and see that nothing outlives it."""
        self.stop(signal.SIGKILL)
        wait_until(lambda: not self.processes(), "all its processes to end", LIMIT_S)

    def back_up(self, target: Path) -> None:
        """Copy the database as README says, while the box runs."""
        with (
            closing(sqlite3.connect(self.database, timeout=PATIENCE_S)) as here,
            closing(sqlite3.connect(target)) as there,
        ):
            here.backup(there)

    def put_back(self, backup: Path) -> None:
        """Put a backup of the database into its place, while the box is stopped."""
        for leftover in self.data.glob(f"{self.database.name}-*"):
            leftover.unlink()
        shutil.copyfile(backup, self.database)


def _found(page: httpx.Response, pattern: re.Pattern[str]) -> tuple[str, ...]:
    found = pattern.search(page.text)
    assert found, f"{page.url} has no {pattern.pattern}:\n{page.text}"
    return found.groups()
