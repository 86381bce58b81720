"""A storm: people who deposit and withdraw while processes are killed and the chain breaks; at its end the truth.

Runs in the process that `tests.exchange_storm` starts. Everything that is left to chance comes from the seed, in the
same order whatever happens.
"""

import json
import logging
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.db import close_old_connections

from seedbox.config.process import die_with_parent
from seedbox.models import User
from tests import exchange_processes, exchange_truth
from tests.box import wait_until
from tests.exchange_processes import SOLID_LAG, Clock, Process
from tests.withdrawals import stranger_address
from wallet.domain.money import UBTT_PER_BTT, Asset
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import to_base58
from wallet.domain.withdrawal_states import LIVE, OPEN
from wallet.models import Account, Attempt, ChainCursor, Withdrawal
from wallet.services import address_book, deposit_addresses, halts, own_addresses, withdrawals
from wallet.services.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = 120.0  # far more than anything here takes
SETTLE_LIMIT_S = 300.0
SUN_PER_TRX = 10**6
TRC20_UNITS = 10**18
TRC10_UNITS = 10**6
FIRST_BTT, FIRST_BTTOLD = 20_000_000, 20_000  # that everybody begins with: worth being swept
FEE_UBTT = UBTT_PER_BTT
LONG_MS = 100_000  # of chain time: no attempt lives longer
RESTLESS_S = 5.0  # without an end, before the chain's time is set forward once more
ASK_S = 5.0
VICTIMS = ("worker", "signer", "devnet")
STALE_BLOCKS = 8  # that a stale devnet keeps back: what is in them seems to be in none
BREAKS = ("reorg", "fail", "lie", "lag", "lost", "", "")  # what is ordered from the devnet in so many turns
SPOILED = ("cut", "502", "SERVER_BUSY", "SIGERROR", "swallow")


@dataclass(frozen=True)
class Plan:
    kills: int
    seed: int
    users: int
    workers: int


class Storm:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.random = Random(plan.seed)
        self.clock = Clock(datetime.now(UTC))
        self.done: Counter[str] = Counter()
        self.problems: list[str] = []
        self.log = Path(settings.DATA_DIR) / "storm.log"
        self.url = settings.WALLET_CHAIN_ENDPOINTS[0]
        self.offset_ms = 0
        port, state = urlsplit(self.url).port or 0, Path(settings.DATA_DIR) / "devnet.sqlite3"
        works: list[tuple[str, Callable[[], object]]] = [
            ("devnet", lambda: exchange_processes.devnet(port, state)),
            ("signer", exchange_processes.signer),
            *[("worker", lambda: exchange_processes.worker(self.clock))] * plan.workers,
        ]
        self.processes = [Process(name, work, self.log) for name, work in works]
        self.victims: list[Process] = []  # who is killed next, the last one first
        self.breaks: list[str] = []  # what is broken next

    def run(self) -> None:
        """Print the figures as JSON; end with 1 if anything is wrong."""
        die_with_parent()
        began = time.monotonic()
        logging.getLogger("seedbox.services.watchables").setLevel(logging.ERROR)  # there are no open pages, nor Redis
        self._begin()
        while self.done["kills"] < self.plan.kills:
            self._turn()
        self._settle()
        truth = exchange_truth.look()
        self.problems += [*truth.problems, *tracebacks(self.log.read_text())]
        figures = asdict(truth) | {
            "seed": self.plan.seed,
            "seconds": round(time.monotonic() - began, 1),
            "paid": len(truth.paid),
            "done": dict(self.done),
            "problems": self.problems,
        }
        print(json.dumps(figures))  # noqa: T201 # the answer
        for process in self.processes:
            process.kill()
        sys.exit(bool(self.problems))

    def _begin(self) -> None:
        self.users = User.objects.bulk_create([User(username=f"user{number}") for number in range(self.plan.users)])
        for process in self.processes:
            process.start()
        hot = wait_until(own_addresses.hot_address, "the address that pays", LIMIT_S) or ""
        wait_until(lambda: self._order("info"), "the chain", LIMIT_S)
        self._pay(hot, trx=10_000, btt=1_000_000, trc10=FIRST_BTTOLD * TRC10_UNITS)
        self.addresses = {
            user.pk: deposit_addresses.address_for(user.pk, now=self.clock.now()).address for user in self.users
        }
        for address in self.addresses.values():
            self._pay(address, btt=FIRST_BTT, trc10=FIRST_BTTOLD * TRC10_UNITS)
        ids = [str(user.pk) for user in self.users]
        for number, user in enumerate(self.users):
            address_book.add(user.pk, to_base58(stranger_address(number)), label="", now=self.clock.now())
        rich = Account.objects.filter(ref__in=ids, balance_ubtt__gt=0)
        wait_until(lambda: rich.count() == 2 * len(ids), "the first deposits of both tokens", LIMIT_S)

    def _turn(self) -> None:
        """Wish something, break something, kill somebody, and let them live again."""
        wait_until(self._make_honest, "the chain", LIMIT_S)
        self._wish()
        self._break()
        for _ in range(self.random.randrange(3)):
            self._wish()
        self._pause(self.random.uniform(0, 0.6))
        self.victims = self.victims or self.random.sample(self.processes, len(self.processes))
        victim = self.victims.pop()
        if victim.has_ended:
            self.problems.append(f"{victim.name} has ended by itself")
        else:
            victim.kill()
        self.done["kills"] += 1
        self.done[f"kills of {victim.name}"] += 1
        if self.random.random() < 0.5:
            self._wish()
        self._pause(self.random.choice((0, 0, self.random.uniform(0, 0.5))))
        victim.start()

    def _wish(self) -> None:
        """Let somebody deposit, now and then less than is credited, or withdraw."""
        number = self.random.randrange(len(self.users))
        user_id, amount = self.users[number].pk, self.random.randrange(10 * UBTT_PER_BTT, 200 * UBTT_PER_BTT)
        kind, key = (
            self.random.choice(("btt", "btt", "bttold", *["withdraw"] * 5)),
            f"{self.random.getrandbits(128):032x}",
        )
        if kind == "btt":
            self.done["deposits"] += self._pay(
                self.addresses[user_id], units=amount * 10**12 + self.random.randrange(10**12)
            )
        elif kind == "bttold":
            self._count("deposits", self._pay(self.addresses[user_id], trc10=amount))
        else:
            self._withdraw(user_id, number, amount, key, self.random.choice((Asset.TRC20, Asset.TRC10)))

    def _withdraw(self, user_id: int, number: int, amount_ubtt: int, key: str, asset: Asset) -> None:
        wish = withdrawals.Wish(
            user_id=user_id,
            address=to_base58(stranger_address(number)),
            amount_ubtt=amount_ubtt,
            fee_ubtt=FEE_UBTT,
            key=key,
            asset=asset,
        )
        try:
            asked = withdrawals.request(wish, now=self.clock.now())
            again = withdrawals.request(wish, now=self.clock.now())  # somebody has pressed twice
        except Refused as refusal:
            self.done[f"refused: {str(refusal)[:40]}"] += 1
            return
        self.done["asked"] += 1
        self.done[f"asked in {asset.unit}"] += 1
        if asked.pk != again.pk:
            self.problems.append(f"{asked} was asked for once, and is there twice")

    def _break(self) -> None:
        """Break the chain in some way, or not."""
        self.breaks = self.breaks or self.random.sample(BREAKS, len(BREAKS))
        how, depth = self.breaks.pop(), self.random.randrange(1, SOLID_LAG)
        is_dropping, kind = self.random.random() < 0.5, self.random.choice(SPOILED)
        if how == "lost":
            lost = Attempt.objects.filter(state__in=LIVE).order_by("pk").last()
            self._count(how, lost and self._order("drop", txID=lost.tx_id))
            self._set_time_forward()
            return
        orders: dict[str, dict[str, Any]] = {
            "reorg": {"depth": depth, "drop": is_dropping},
            "fail": {"kind": kind, "after_accept": is_dropping},
            "lie": {"kind": "hidden_transactions"},
            "lag": {"head": STALE_BLOCKS, "solid": SOLID_LAG + STALE_BLOCKS},
        }
        if how in orders:
            self._count(how, self._order(how, **orders[how]))

    def _count(self, what: str, was_done: object) -> None:
        self.done[what] += bool(was_done)

    def _make_honest(self) -> bool:
        """Let the devnet show all that it has; say whether it does."""
        is_honest = self._order("lie", kind="none") is not None
        return self._order("lag", head=0, solid=SOLID_LAG) is not None and is_honest

    def _set_time_forward(self) -> None:
        self.offset_ms += LONG_MS
        self._order("clock", offset_ms=self.offset_ms)

    def _settle(self) -> None:
        """Wait until nothing is under way, and all blocks are read that there are now; a halt would never end it."""
        for process in self.processes:
            if process.has_ended:
                self.problems.append(f"{process.name} has ended by itself")
        wait_until(self._make_honest, "the chain", LIMIT_S)
        now = wait_until(lambda: self._order("info"), "the chain", LIMIT_S) or {}
        height = now["head"]["number"]
        deadline, forward_at = time.monotonic() + SETTLE_LIMIT_S, time.monotonic() + RESTLESS_S
        while not self._is_settled(height) and not halts.standing() and time.monotonic() < deadline:
            if time.monotonic() > forward_at:
                self._set_time_forward()
                forward_at += RESTLESS_S
            self._pause(0.05)
        if not self._is_settled(height) and not halts.standing():
            self.problems.append("not everything was settled in time")

    def _is_settled(self, height: int) -> bool:
        close_old_connections()
        is_over = not Withdrawal.objects.filter(state__in=OPEN).exists()
        return is_over and ChainCursor.objects.filter(height__gte=height).exists()

    def _pay(self, address: str, *, trx: int = 0, btt: int = 0, units: int = 0, trc10: int = 0) -> bool:
        """Let the faucet pay; say whether it said that it does."""
        order = {
            "address": address,
            "trx": trx * SUN_PER_TRX,
            "assets": {str(DEVNET.assets.trc10_id): trc10} if trc10 else {},
            "trc20": {to_base58(DEVNET.assets.trc20_contract): str(btt * TRC20_UNITS + units)} if btt + units else {},
        }
        return self._order("faucet", **order) is not None

    def _order(self, name: str, **fields: object) -> dict[str, Any] | None:
        """Order something from the devnet; None while it is dead, or refuses."""
        try:
            answer = httpx.post(f"{self.url}/devnet/{name}", json=fields, timeout=ASK_S, trust_env=False)
        except httpx.HTTPError:
            return None
        found: dict[str, Any] = answer.json()
        return found if answer.status_code == httpx.codes.OK else None

    def _pause(self, seconds: float) -> None:
        threading.Event().wait(seconds)


def tracebacks(log: str) -> list[str]:
    """Return the ends of all tracebacks, each once: what was raised, and the last lines that led there."""
    found = re.findall(r"^Traceback .*\n((?:[ \t].*\n)+)(.*)", log, re.MULTILINE)
    return list(dict.fromkeys(f"{raised[:500]} at {way[-300:]}" for way, raised in found))
