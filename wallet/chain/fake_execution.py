"""What transactions do to the fake chain's accounts: enough of the real rules to lose, to fail and to pay fees by."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from wallet.chain.port import BroadcastCode, ChainParameters, InternalTransfer, Log, Receipt
from wallet.domain.tron.abi import decode_transfer_call, decode_transfer_log, transfer_log
from wallet.domain.tron.addresses import Address, to_base58
from wallet.domain.tron.transactions import (
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    bandwidth_bytes,
)

FREE_BANDWIDTH_BYTES = 600
ENERGY_TO_HOLDER = 14_650
ENERGY_TO_NEW_HOLDER = 29_650
ENERGY_OF_A_REVERT = 1_200
TRUE, FALSE = (1).to_bytes(32), bytes(32)  # as a contract returns them
USED_BANDWIDTH = -1  # kept beside the assets, so that it is taken back with them
TRX = 0  # as an asset of the books below; TRC-10 tokens are their ids, TRC-20 tokens their contracts

Held = tuple[Address, int | Address]
Undo = dict[Held, int | None]


class Refused(Exception):
    """The chain does not take this transaction: its code and its words."""

    def __init__(self, code: BroadcastCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Books:
    """Who holds what. Changes since `begin` can be taken back."""

    def __init__(self) -> None:
        self._held: dict[Address, dict[int | Address, int]] = {}
        self._undo: Undo = {}

    def begin(self) -> Undo:
        """Start noting what was there before; return the notes, which grow from now on."""
        self._undo = {}
        return self._undo

    def take_back(self, undo: Undo) -> None:
        for (address, asset), before in undo.items():
            if before is None:
                self._held[address].pop(asset, None)
            else:
                self._held[address][asset] = before

    def exists(self, address: Address) -> bool:
        """A token of TRC-20 does not make an account, TRX and TRC-10 do."""
        return TRX in self._held.get(address, ())

    def amount(self, address: Address, asset: int | Address = TRX) -> int:
        return self._held.get(address, {}).get(asset, 0)

    def assets(self, address: Address) -> Mapping[int, int]:
        held = self._held.get(address, {})
        return {asset: amount for asset, amount in held.items() if isinstance(asset, int) and asset > TRX and amount}

    def add(self, address: Address, amount: int, asset: int | Address = TRX) -> None:
        held = self._held.setdefault(address, {})
        self._undo.setdefault((address, asset), held.get(asset))
        held[asset] = held.get(asset, 0) + amount
        if isinstance(asset, int) and TRX not in held:
            self.add(address, 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a contract call comes to when a test has written it down beforehand."""

    result: str = "SUCCESS"
    logs: tuple[Log, ...] = ()
    internal: tuple[InternalTransfer, ...] = ()
    returned: bytes = b""


@dataclass(frozen=True, slots=True)
class Fee:
    net_sun: int = 0
    net_usage_bytes: int = 0
    activation_sun: int = 0


class Execution:
    """Runs transactions on the books; raises Refused for what cannot stand in a block."""

    def __init__(self, books: Books, parameters: ChainParameters) -> None:
        self.books = books
        self.parameters = parameters
        self.tokens: set[Address] = set()  # TRC-20 contracts that follow the rules
        self.outcomes: dict[bytes, Outcome] = {}  # by transaction id: calls whose end a test has written down
        # Of the next calls of a token: REVERT, OUT_OF_ENERGY, or FALSE and NOTHING. What returns false moves nothing.
        self.token_faults: deque[str] = deque()
        self.returned: dict[bytes, bytes] = {}  # by transaction id: what a call gave back, and no receipt of ours tells

    def run(self, signed: Signed, raw: Raw, number: int, *, tried: bool = False) -> Receipt:
        """Change the books and return the receipt. When it is only tried, no fault of a test is used up."""
        match raw.contract:
            case TransferTrx(owner, to, amount):
                return self._native(signed, number, owner, to, TRX, amount)
            case TransferAsset(owner, to, asset_id, amount):
                return self._native(signed, number, owner, to, asset_id, amount)
            case TriggerContract() as call:
                return self._call(signed, raw, number, call, tried=tried)
        raise _invalid("this chain knows no such contract")

    def check_fee(self, signed: Signed, owner: Address, recipient: Address | None) -> Fee:
        """Return what the transaction costs in bandwidth; raises Refused if its owner cannot pay."""
        if recipient is not None and not self.books.exists(recipient):
            fee = Fee(self.parameters.create_account_fee_sun, 0, self.parameters.new_account_fee_sun)
        else:
            size = bandwidth_bytes(signed)
            free = self.books.amount(owner, USED_BANDWIDTH) + size <= FREE_BANDWIDTH_BYTES
            fee = Fee(0, size) if free else Fee(size * self.parameters.transaction_fee_sun)
        if self.books.amount(owner) < fee.net_sun + fee.activation_sun:
            raise Refused(BroadcastCode.BANDWITH_ERROR, "Account resource insufficient error.")
        return fee

    def _native(self, signed: Signed, number: int, owner: Address, to: Address, asset: int, amount: int) -> Receipt:
        self._check_owner(owner)
        if amount <= 0:
            raise _invalid("Amount must be greater than 0.")
        if owner == to:
            raise _invalid("Cannot transfer TRX to yourself." if asset == TRX else "Cannot transfer asset to yourself.")
        fee = self.check_fee(signed, owner, to)
        spent_sun = fee.net_sun + fee.activation_sun + (amount if asset == TRX else 0)
        if self.books.amount(owner) < spent_sun:
            raise _invalid("Validate TransferContract error, balance is not sufficient.")
        if asset != TRX and self.books.amount(owner, asset) < amount:
            raise _invalid("assetBalance is not sufficient.")
        self._charge(owner, fee)
        self.books.add(owner, -amount, asset)
        self.books.add(to, amount, asset)
        return Receipt(
            tx_id=signed.tx_id,
            block_number=number,
            failed=False,
            contract_result="",
            fee_sun=fee.net_sun + fee.activation_sun,
            net_fee_sun=fee.net_sun,
            net_usage_bytes=fee.net_usage_bytes,
        )

    def _call(self, signed: Signed, raw: Raw, number: int, call: TriggerContract, *, tried: bool) -> Receipt:
        self._check_owner(call.owner)
        planned = self.outcomes.get(signed.tx_id)
        if planned is None and call.contract not in self.tokens:
            raise _invalid("No contract or not a valid smart contract")
        fee = self.check_fee(signed, call.owner, None)
        self._charge(call.owner, fee)
        limit = min(raw.fee_limit_sun, self.books.amount(call.owner)) // self.parameters.energy_fee_sun
        outcome, energy = (planned, ENERGY_TO_HOLDER) if planned else self._token_outcome(call, tried=tried)
        if energy > limit or outcome.result == "OUT_OF_ENERGY":
            outcome, energy = Outcome("OUT_OF_ENERGY"), limit
        energy_fee_sun = energy * self.parameters.energy_fee_sun
        self.books.add(call.owner, -energy_fee_sun)
        self.returned[signed.tx_id] = outcome.returned
        if outcome.result == "SUCCESS":
            self._move(outcome)
        return Receipt(
            tx_id=signed.tx_id,
            block_number=number,
            failed=outcome.result != "SUCCESS",
            contract_result=outcome.result,
            fee_sun=fee.net_sun + energy_fee_sun,
            net_fee_sun=fee.net_sun,
            net_usage_bytes=fee.net_usage_bytes,
            energy_fee_sun=energy_fee_sun,
            energy_usage=energy,
            logs=outcome.logs,
            internal=outcome.internal,
            message="" if outcome.result == "SUCCESS" else f"{outcome.result} opcode executed",
        )

    def _token_outcome(self, call: TriggerContract, *, tried: bool) -> tuple[Outcome, int]:
        fault = self.token_faults.popleft() if self.token_faults and not tried else ""
        if fault == "FALSE":
            return Outcome(returned=FALSE), ENERGY_TO_HOLDER
        if fault not in ("", "NOTHING"):
            return Outcome(fault), ENERGY_OF_A_REVERT
        transfer = decode_transfer_call(call.data)
        if transfer is None or self.books.amount(call.owner, call.contract) < transfer[1]:
            return Outcome("REVERT"), ENERGY_OF_A_REVERT
        recipient, amount = transfer
        energy = ENERGY_TO_HOLDER if self.books.amount(recipient, call.contract) else ENERGY_TO_NEW_HOLDER
        topics, data = transfer_log(call.owner, recipient, amount)
        return Outcome(returned=b"" if fault else TRUE, logs=(Log(call.contract, topics, data),)), energy

    def _move(self, outcome: Outcome) -> None:
        """Do what is logged by tokens that follow the rules, and what is paid inside."""
        for log in outcome.logs:
            moved = decode_transfer_log(log.address, log.topics, log.data)
            if moved is not None and log.address in self.tokens:
                self.books.add(moved.sender, -moved.amount, log.address)
                self.books.add(moved.recipient, moved.amount, log.address)
        for paid in outcome.internal:
            if not paid.rejected:
                self.books.add(paid.recipient, paid.amount, paid.asset_id or TRX)

    def _check_owner(self, owner: Address) -> None:
        if not self.books.exists(owner):
            raise _invalid(f"account [{to_base58(owner)}] does not exist")

    def _charge(self, owner: Address, fee: Fee) -> None:
        self.books.add(owner, -fee.net_sun - fee.activation_sun)
        self.books.add(owner, fee.net_usage_bytes, USED_BANDWIDTH)


def _invalid(why: str) -> Refused:
    return Refused(BroadcastCode.CONTRACT_VALIDATE_ERROR, f"Contract validate error : {why}")
