"""The world that the simulation lives in: a chain in memory, endpoints that fail and lie, and strangers who pay.

All chance comes from one seed. What is true about payments, `payments` reads from the chain's blocks, with nothing of
the scanner's: two mistakes would have to be the same to meet.
"""

import random
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from wallet.chain.fake import FAUCET, FakeChain
from wallet.chain.fake_endpoint import BlockFault, BroadcastFault, FakeEndpoint, Problem
from wallet.chain.fake_execution import Outcome, Refused
from wallet.chain.port import BroadcastCode, InternalTransfer, Log
from wallet.domain.networks import DEVNET
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import TransferAsset, TriggerContract

ENDPOINTS = 3
SOLID_LAG = 5
BLOCK_S = 3
LOOK_ALIKE_ID = 1_002_278  # a TRC-10 token with the same name, by which people were robbed once
FAKE_TOKEN = Address(b"\x41" + b"\xfa" * 20)
SHOP = Address(b"\x41" + b"\x5b" * 20)  # a contract that pays many at once
UNITS_PER_UBTT = 10**12  # of TRC-20
TOKEN = DEVNET.assets.trc20_contract
_MOST_LAG = 40  # blocks; more than an endpoint may be behind without an alarm
_CODES = [code for code in BroadcastCode if code is not BroadcastCode.SUCCESS]


@dataclass(frozen=True, slots=True)
class Payment:
    """A transfer of the install's TRC-10 or TRC-20 token that really happened, in the chain's smallest units."""

    tx_id: bytes
    kind: str  # trc10 or trc20
    index: int
    sender: Address
    recipient: Address
    amount: int


class World:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.chain = FakeChain(solid_lag=SOLID_LAG)
        genesis = self.chain.block(0)
        assert genesis is not None
        self.network = replace(DEVNET, genesis_id=genesis.id)  # known beforehand, as that of a real network is
        self.endpoints = [FakeEndpoint(self.chain, f"endpoint {number}") for number in range(1, ENDPOINTS + 1)]
        self.skew = timedelta()  # of our own clock
        self._denied: set[bytes] = set()  # by every endpoint
        self.faults: dict[str, int] = {}  # by name: how often each was done

    @property
    def now(self) -> datetime:
        """Our own clock, which may be wrong by minutes; the chain's is another."""
        return datetime.fromtimestamp(self.chain.now_ms / 1000, UTC) + self.skew

    def seconds(self) -> float:
        """Tell how much time has passed, for whoever rests for a while."""
        return self.chain.now_ms / 1000

    # --- the chain goes on

    def go_on(self) -> None:
        """Let some blocks come, or some go; now and then the network loses what it has accepted."""
        newest = self.chain.head.number - self.chain.solid.number
        if self.dice.random() < 0.1 and self.chain.pending:
            self.count("lost by the network")
            self.chain.swallowed.update(one for one in self.chain.pending if self.dice.random() < 0.5)
        if self.dice.random() < 0.15 and newest:
            self.count("reorg")
            self.chain.reorg(self.dice.randint(1, newest), drop=self.dice.random() < 0.3)
        else:
            self.chain.mine(self.dice.randint(1, 4))

    def settle(self) -> None:
        """Let so much time pass that whatever can come into a block has done so, irreversibly."""
        self.chain.mine(SOLID_LAG + 60 // BLOCK_S)

    # --- endpoints fail and lie

    def spoil(self) -> None:
        """Do one wrong thing, of which there are many kinds."""
        endpoint = self.dice.choice(self.endpoints)
        match self.dice.randrange(12):
            case 0:
                self.count("problem")
                endpoint.problem = self.dice.choice([Problem.AWAY, Problem.BUSY, Problem.GARBAGE])
            case 1:
                self.count("problem once")
                endpoint.problems.append(self.dice.choice(list(Problem)))
            case 2:
                self.count("wrong blocks")
                endpoint.block_fault = self.dice.choice(list(BlockFault))
            case 3:
                self.count("lag")
                endpoint.lag = self.dice.randint(1, _MOST_LAG)
            case 4:
                self.count("short receipts")
                endpoint.short_receipts = True
            case 5:
                self.count("remembers refused")
                endpoint.remembers_refused = True
            case 6:
                self.count("other network")
                endpoint.genesis = bytes(32)
            case 7:
                self.count("virtual machine")
                self.chain.execution.token_faults.append(self.dice.choice(["REVERT", "OUT_OF_ENERGY"]))
            case 8:
                self.count("clock")
                self.skew = timedelta(minutes=self.dice.randint(-10, 10))
            case _:
                self.spoil_broadcasts(1)

    def spoil_broadcasts(self, count: int) -> None:
        """Let the next broadcasts of some endpoint be accepted, refused, answered and lost in any combination."""
        endpoint = self.dice.choice(self.endpoints)
        for _ in range(count):
            is_accepted = self.dice.random() < 0.5
            answer = BroadcastCode.SUCCESS if is_accepted and self.dice.random() < 0.3 else self.dice.choice(_CODES)
            fault = BroadcastFault(
                answer=answer,
                accepted=is_accepted,
                included=self.dice.random() < 0.7,
                tx_id=self.dice.randbytes(32) if self.dice.random() < 0.1 else None,
            )
            self.count(f"broadcast {answer.value} {'accepted' if is_accepted else 'refused'}")
            endpoint.broadcast_faults.append(fault)

    def hide(self, tx_ids: Sequence[bytes]) -> None:
        """Let some endpoints deny all of these transactions for a while, and every endpoint one of them for longer.

        That one comes into a block and past its end, and only the blocks themselves still tell of it.
        """
        self.count("hidden transaction")
        self._denied.update(self.dice.sample(tx_ids, min(1, len(tx_ids))))
        for endpoint in self.endpoints:
            endpoint.hides = set(self._denied)
        for endpoint in self.dice.sample(self.endpoints, self.dice.randint(1, ENDPOINTS)):
            endpoint.hides.update(tx_ids)

    def forge(self, tx_id: bytes) -> None:
        """Let one endpoint say the contrary of what became of a transaction."""
        found = self.chain.find(tx_id)
        if found is not None:
            self.count("forged receipt")
            forged = replace(found[1], failed=not found[1].failed, logs=())
            self.dice.choice(self.endpoints).forged_receipts[tx_id] = forged

    def recover(self) -> None:
        """Let one endpoint be right again, but for what it denies."""
        self._heal(self.dice.choice(self.endpoints))

    def heal(self) -> None:
        """Take all that is wrong away."""
        self._denied.clear()
        for endpoint in self.endpoints:
            self._heal(endpoint)
            endpoint.hides.clear()
            endpoint.forged_receipts.clear()
        self.chain.execution.token_faults.clear()
        self.skew = timedelta()

    def _heal(self, endpoint: FakeEndpoint) -> None:
        endpoint.problem = endpoint.block_fault = endpoint.genesis = None
        endpoint.lag, endpoint.short_receipts, endpoint.remembers_refused = 0, False, False
        endpoint.problems.clear()
        endpoint.broadcast_faults.clear()

    # --- strangers pay

    def pay(self, to: Address, others: Sequence[Address]) -> None:
        """Pay an address of ours something, honestly or not; all that counts is what then stands in the blocks."""
        try:
            self._pay(to, others)
        except Refused:
            self.count("refused payment")

    def _pay(self, to: Address, others: Sequence[Address]) -> None:
        amount_ubtt = self.dice.choice([self.dice.randint(1, 10**9), self.dice.randint(10**9, 10**10)])
        units = amount_ubtt * UNITS_PER_UBTT + self.dice.choice([0, self.dice.randrange(UNITS_PER_UBTT)])
        match self.dice.randrange(14):
            case 0:
                self.count("look-alike")
                self.chain.pay_asset(to, amount_ubtt, asset_id=LOOK_ALIKE_ID)
            case 1:
                self.count("fake token")
                self.chain.pay_token(to, units, contract=FAKE_TOKEN)
            case 2:
                self.count("reverted payment")
                self.chain.call(TOKEN, Outcome("REVERT"), data=abi.transfer_call(to, units))
            case 3:
                self.count("several logs")
                self._pay_many([to, *others, to], units)
            case 4:
                self.count("odd logs")
                self._log_oddly(to, units)
            case 5:
                self.count("from a contract")
                self.chain.call(SHOP, Outcome(internal=(InternalTransfer(SHOP, to, 5_000_000, None, rejected=True),)))
            case 6:
                self.count("TRX")
                self.chain.pay_trx(to, self.dice.randint(1, 10_000_000))
            case 7 | 8 | 9:
                self.chain.pay_asset(to, amount_ubtt)
            case _:
                self.chain.pay_token(to, units)

    def _pay_many(self, recipients: Sequence[Address], units: int) -> None:
        """Let a contract pay many in one transaction. What counts is what it logs; it has more than enough."""
        logs = []
        for recipient in recipients:
            topics, data = abi.transfer_log(SHOP, recipient, units)
            logs.append(Log(TOKEN, topics, data))
        self.chain.call(SHOP, Outcome(logs=tuple(logs)))

    def _log_oddly(self, to: Address, units: int) -> None:
        """Log what looks like a payment to the address and is none."""
        paid, data = abi.transfer_log(FAUCET, to, units)
        self.chain.call(
            SHOP,
            Outcome(
                logs=(
                    Log(FAKE_TOKEN, paid, data),
                    Log(TOKEN, (abi.APPROVAL_TOPIC, *paid[1:]), data),
                    Log(TOKEN, paid[:2], data),
                    Log(TOKEN, (*paid, bytes(32)), data),
                    Log(TOKEN, paid, data * 2),
                    Log(TOKEN, paid, bytes(32)),
                )
            ),
        )

    # --- the truth

    def payments(self, ours: Container[Address]) -> Iterator[Payment]:
        """Yield what the solid blocks moved of both tokens from or to addresses of ours."""
        for number in range(1, self.chain.solid.number + 1):
            block = self.chain.block(number)
            assert block is not None
            for transaction, receipt in zip(block.transactions, self.chain.receipts(number), strict=True):
                if receipt.failed:
                    continue
                for payment in _paid_by(transaction.tx_id, transaction.raw.contract, receipt.logs):
                    if payment.amount and (payment.sender in ours or payment.recipient in ours):
                        yield payment

    def count(self, what: str) -> None:
        self.faults[what] = self.faults.get(what, 0) + 1


def _paid_by(tx_id: bytes, contract: object, logs: Sequence[Log]) -> Iterator[Payment]:
    if isinstance(contract, TransferAsset) and contract.asset_id == DEVNET.assets.trc10_id:
        yield Payment(tx_id, "trc10", 0, contract.owner, contract.to, contract.amount)
    if not isinstance(contract, TriggerContract):
        return
    for index, log in enumerate(logs):
        if log.address != TOKEN or len(log.topics) != 3 or log.topics[0] != abi.TRANSFER_TOPIC or len(log.data) != 32:
            continue
        sender, recipient = (Address(b"\x41" + topic[12:]) for topic in log.topics[1:])
        yield Payment(tx_id, "trc20", index, sender, recipient, int.from_bytes(log.data))
