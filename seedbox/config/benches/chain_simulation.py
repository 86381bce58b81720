"""Thousands of withdrawals and deposits over a chain in memory, with every fault there is, from one seed.

Each turn people ask, strangers pay, endpoints fail and lie, blocks come and go, and the workers step: each step may be
killed at any of its statements, doubled while it waits for somebody, or lost. In the end everything is healed and
brought to its end; then the blocks and the books are held against each other.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from seedbox.config.benches.chain_hands import InterruptedChain, InterruptedSigner
from seedbox.config.benches.chain_verdict import Verdict, judge
from seedbox.config.benches.chain_world import UNITS_PER_UBTT, World
from wallet.chain.port import ChainError
from wallet.domain.tron.addresses import Address, parse_address, to_base58
from wallet.domain.tron.keys import sha256
from wallet.domain.withdrawal_states import LIVE, OPEN, WithdrawalState
from wallet.models import Attempt, DepositAddress, Withdrawal
from wallet.services import (
    address_book,
    decisions,
    deposit_addresses,
    halts,
    pending,
    reconciliation,
    scanning,
    sweeps,
    withdrawal_rules,
    withdrawals,
    withdrawing,
)
from wallet.services.operators import Actor
from wallet.services.refusals import Refused

BTT = 1_000_000
MOST_TURNS_TO_END = 400  # with nothing wrong any more: five attempts take far less
STATEMENTS = 60  # a step is killed at one of so many, or lives
TURNS_FOR_A_WISH = 20  # at most: there is one in most turns
MOST_AT_ONCE = 5  # withdrawals of one turn
RECIPIENTS = 7  # of each user
ADMIN = Actor(id=10**9, name="the simulation's admin")
STARTING_BTT = 1_000_000  # of each user


class Killed(BaseException):
    """The process is gone in the middle of what it did. Nothing catches this but whoever starts it again."""


class Simulation:
    def __init__(self, folder: Path, *, seed: int, wanted: int, users: int, say: Callable[[str], None]) -> None:
        self.world = World(seed)
        self._dice = self.world.dice
        self._wanted = wanted
        self._asked = self._forms = 0
        self._say = say
        self._is_within = False  # an interruption is not interrupted
        self._is_calm = True
        self.killed = self.interrupted = 0
        self.wrongs: list[str] = []  # that were found on the way
        self.signer = InterruptedSigner(
            folder,
            self._interrupt,
            is_away=lambda: not self._is_calm and self._chance(0.05),
            now_ms=lambda: self.world.chain.now_ms,
        )
        self._door = self._new_door()
        self._users = self._people(users)

    def run(self) -> Verdict:
        self._fund()
        self._is_calm = False
        for _ in range(self._wanted * TURNS_FOR_A_WISH):
            if self._asked == self._wanted:
                break
            self._turn()
        else:
            self.wrongs.append(f"only {self._asked} withdrawals of {self._wanted} were accepted")
        self._is_calm = True
        self._end()
        return judge(self.world, hot=self.signer.hot_address, wrongs=self.wrongs)

    # --- before

    def _people(self, count: int) -> list[int]:
        model = get_user_model()
        names = [f"simulated{number}" for number in range(count)]
        model.objects.bulk_create([model(username=name, password="!") for name in names])
        return list(model.objects.filter(username__in=names).order_by("pk").values_list("pk", flat=True))

    def _fund(self) -> None:
        """Give everybody an address and money by way of the chain, and the box something to pay with."""
        now = self.world.now
        assert deposit_addresses.confirm_key(self.signer, now=now)
        rules = {name: getattr(withdrawal_rules.current(), name) for name in withdrawal_rules.FIELDS}
        rules |= {"approval_above_ubtt": 900 * BTT, "address_wait_s": 0, "reserve_sun": 100 * BTT}
        withdrawal_rules.change(rules, actor=ADMIN, reason="so that some need it", key="simulation", now=now)
        for user_id in self._users:
            address = parse_address(deposit_addresses.address_for(user_id, now=now).address)
            self.world.chain.pay_token(address, STARTING_BTT * BTT * UNITS_PER_UBTT)
            self.world.chain.pay_asset(address, STARTING_BTT * BTT)
            for number in range(RECIPIENTS):
                address_book.add(user_id, _recipient(user_id, number), label="", now=now)
        hot = self.signer.hot_address
        self.world.chain.pay_token(hot, 10**9 * BTT * UNITS_PER_UBTT)
        self.world.chain.pay_asset(hot, 10**9 * BTT)
        self._bring_trx()
        self.world.settle()
        while scanning.scan(self._door, now=self.world.now):
            pass
        assert withdrawing.step(self._door, self.signer, now=self.world.now).waits_because == ""

    # --- a turn

    def _turn(self) -> None:
        for act, chance in (
            (self._ask, 0.7),
            (self._change_minds, 0.4),
            (self._let_pay, 0.4),
            (self.world.spoil, 0.5),
            (lambda: self.world.spoil_broadcasts(self._dice.randint(1, 5)), 0.5),
            (self._hide, 0.2),
            (self._forge, 0.1),
            (self.world.recover, 0.4),
            (self.world.heal, 0.03),
            (self._lift, 0.5),
            (self._bring_trx, 0.1),
        ):
            if self._chance(chance):
                act()
        self.world.go_on()
        for _ in range(self._dice.randint(1, 3)):
            self._step(self._dice.choice(self._workers()))

    def _workers(self) -> Sequence[Callable[[], object]]:
        return (
            lambda: withdrawing.step(self._door, self.signer, now=self.world.now),
            lambda: withdrawing.step(self._door, self.signer, now=self.world.now),
            lambda: scanning.scan(self._door, now=self.world.now),
            self._look_at_head,
            self._sweep,
            self._reconcile,
        )

    def _look_at_head(self) -> None:
        with suppress(ChainError):
            pending.look_at_head(self._door, now=self.world.now)

    def _sweep(self) -> None:
        with suppress(ChainError):
            sweeps.step(self._door, self.signer, now=self.world.now)

    def _reconcile(self) -> None:
        """Hold the chain against the books; there is no moment at which they may differ."""
        for row in reconciliation.run(now=self.world.now):
            if row.difference:
                self.wrongs.append(reconciliation.in_words(row))

    def _step(self, work: Callable[[], object]) -> None:
        """Let a worker step, or be killed on the way; a new one knows nothing of what the old one had in mind."""
        try:
            with _killed_at(self._dice.randint(1, STATEMENTS) if self._chance(0.3) else 0):
                work()
        except Killed:
            self.killed += 1
            self._door = self._new_door()
            self.signer.restart()
        except Exception as problem:  # no fault of chain or signer may come through; it is told with its seed
            self.wrongs.append(f"a step ended with {problem!r}")

    def _interrupt(self) -> None:
        """Let somebody else act while a worker waits; nobody may wait with a transaction open."""
        assert not connection.in_atomic_block, "somebody waits for the chain or the signer with a transaction open"
        if self._is_within or self._is_calm or not self._chance(0.03):
            return
        self._is_within = True
        try:
            self.interrupted += 1
            self._dice.choice((*self._workers(), self._change_minds, self.world.go_on))()
        finally:
            self._is_within = False

    def _ask(self) -> None:
        for _ in range(min(self._dice.randint(1, MOST_AT_ONCE), self._wanted - self._asked)):
            user_id = self._dice.choice(self._users)
            self._forms += 1  # each is used once, also one that was refused
            wish = withdrawals.Wish(
                user_id=user_id,
                address=_recipient(user_id, self._dice.randrange(RECIPIENTS)),
                amount_ubtt=self._dice.randint(10 * BTT, 1_000 * BTT),
                fee_ubtt=BTT,
                key=f"{self._forms:032x}",
            )
            try:
                withdrawals.request(wish, now=self.world.now)
                if self._chance(0.1):
                    withdrawals.request(wish, now=self.world.now)  # a second click
            except Refused:
                self.world.count("refused request")
                continue
            self._asked += 1

    def _change_minds(self) -> None:
        """Let users cancel and want back, and admins approve and reject, at any moment."""
        open_ids = list(Withdrawal.objects.filter(state__in=OPEN).order_by("-pk").values_list("pk", "user_id")[:40])
        for pk, user_id in self._dice.sample(open_ids, min(4, len(open_ids))):
            acts: list[Callable[[], Any]] = [
                functools.partial(decisions.approve, withdrawal_id=pk, actor=ADMIN, now=self.world.now),
                functools.partial(decisions.approve, withdrawal_id=pk, actor=ADMIN, now=self.world.now),
                functools.partial(
                    withdrawals.cancel, self.signer, user_id=user_id, withdrawal_id=pk, now=self.world.now
                ),
                functools.partial(withdrawals.want_back, user_id=user_id, withdrawal_id=pk),
                functools.partial(
                    decisions.reject,
                    self.signer,
                    withdrawal_id=pk,
                    actor=ADMIN,
                    reason="by chance",
                    now=self.world.now,
                ),
            ]
            try:
                self._dice.choice(acts)()
            except Refused:
                self.world.count("refused change")

    def _let_pay(self) -> None:
        addresses = self._addresses()
        for _ in range(self._dice.randint(1, 4)):
            self.world.pay(self._dice.choice(addresses), self._dice.sample(addresses, 2))

    def _hide(self) -> None:
        live = Attempt.objects.filter(state__in=LIVE).values_list("tx_id", flat=True)
        self.world.hide([bytes.fromhex(tx_id) for tx_id in live])

    def _forge(self) -> None:
        live = list(Attempt.objects.filter(state__in=LIVE).order_by("pk").values_list("tx_id", flat=True))
        if live:
            self.world.forge(bytes.fromhex(self._dice.choice(live)))

    def _lift(self) -> None:
        """Let the operator see that the endpoints are right again, and go on."""
        if standing := halts.standing():
            for _ in range(3):
                self.world.recover()
            for halt in standing:
                self.world.count(f"halt {halt.reason}")
                halts.lift(halt.pk, actor=ADMIN, reason="the endpoints are right again", now=self.world.now)

    def _bring_trx(self) -> None:
        self.world.chain.pay_trx(self.signer.hot_address, 300 * BTT)

    # --- the end

    def _end(self) -> None:
        """Heal everything, and let the workers go on until nothing is open any more."""
        for turn in range(MOST_TURNS_TO_END):
            self.world.heal()
            self._lift()
            if turn % 20 == 0:
                self._bring_trx()
            for found in Withdrawal.objects.filter(state=WithdrawalState.CHECKING, approve_until__gt=self.world.now):
                decisions.approve(withdrawal_id=found.pk, actor=ADMIN, now=self.world.now)
            self.world.chain.mine(2)
            for work in self._workers() if turn % 10 == 0 else self._workers()[:1]:
                work()
            if not Withdrawal.objects.filter(state__in=OPEN).exists():
                break
        self.world.settle()
        while scanning.scan(self._door, now=self.world.now):
            pass
        self._say(f"{self.killed} steps were killed, {self.interrupted} times somebody acted meanwhile")

    # --- small things

    def _new_door(self) -> InterruptedChain:
        return InterruptedChain(self._interrupt, self.world.endpoints, self.world.network, clock=self.world.seconds)

    def _chance(self, share: float) -> bool:
        return self._dice.random() < share

    def _addresses(self) -> list[Address]:
        return [parse_address(text) for text in DepositAddress.objects.order_by("pk").values_list("address", flat=True)]


@functools.cache
def _recipient(user_id: int, number: int) -> str:
    return to_base58(Address(b"\x41" + sha256(b"recipient %d/%d" % (user_id, number))[:20]))


@contextmanager
def _killed_at(statement: int) -> Iterator[None]:
    """Kill whoever runs within before its statement of that number; 0 lets it live."""
    count = 0

    def look(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == statement:
            raise Killed
        return execute(*arguments)

    with connection.execute_wrapper(look):
        yield
