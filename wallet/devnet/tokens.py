"""TRC-20 without a virtual machine: the nine functions, what they log, how they revert, and what energy they take."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wallet.devnet.accounts import Value, allowance_key, amount_of, token_key
from wallet.devnet.answers import Log, TokenContract
from wallet.devnet.parameters import Parameters
from wallet.devnet.state import Reader
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import ZERO_ADDRESS, Address

UNLIMITED = 2**256 - 1  # an allowance that is not used up
VIEW_ENERGY = 541
APPROVE_ENERGY = 22_380
REVERT_ENERGY = 1_210  # of a transfer that found out that it cannot
ALLOWANCE_ENERGY = 8_000  # of transferFrom, more than transfer


@dataclass(frozen=True, slots=True)
class Ran:
    """What a call did, nothing of it in the state yet."""

    energy: int
    returned: bytes = b""
    is_reverted: bool = False
    logs: tuple[Log, ...] = ()
    writes: tuple[tuple[bytes, Value], ...] = ()


class _Call(NamedTuple):
    state: Reader
    parameters: Parameters
    token: TokenContract
    caller: Address
    words: list[bytes]

    def address(self, at: int) -> Address:
        return abi.address_of_word(self.words[at])

    def amount(self, at: int) -> int:
        return int.from_bytes(self.words[at])

    def balance(self, holder: Address) -> int:
        return amount_of(self.state, token_key(self.token.address, holder))

    def log(self, topic: bytes, first: Address, second: Address, amount: int) -> Log:
        topics = (topic, abi.address_word(first), abi.address_word(second))
        return Log(self.token.address, topics, abi.uint_word(amount))


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the contract, as its ABI tells it."""

    name: str
    inputs: tuple[tuple[str, str], ...]  # name and type
    output: str
    mutability: str  # View or Nonpayable
    run: Callable[[_Call], Ran] = field(repr=False)


def call(
    state: Reader, parameters: Parameters, token: TokenContract, *, caller: Address, data: bytes, is_paid: bool = False
) -> Ran:
    """Run a call of a contract. `is_paid`: it brings TRX or TRC-10 along, which none of the functions takes."""
    function = BY_SELECTOR.get(data[:4])
    if function is None or is_paid:
        return _reverted()
    try:
        words = abi.words_of(data, len(function.inputs))
    except abi.BadAbi:
        return _reverted()
    return function.run(_Call(state, parameters, token, caller, words))


def _reverted(reason: str | None = None) -> Ran:
    return Ran(REVERT_ENERGY, abi.revert_data(reason) if reason else b"", is_reverted=True)


def _viewed(returned: bytes) -> Ran:
    return Ran(VIEW_ENERGY, returned)


def _transfer(called: _Call) -> Ran:
    return _moved(called, called.caller, called.address(0), called.amount(1))


def _moved(called: _Call, sender: Address, recipient: Address, amount: int) -> Ran:
    if recipient == ZERO_ADDRESS:
        return _reverted("ERC20: transfer to the zero address")
    if sender == ZERO_ADDRESS:
        return _reverted("ERC20: transfer from the zero address")
    held = called.balance(sender)
    if held < amount:
        return _reverted("ERC20: transfer amount exceeds balance")
    received = called.balance(recipient)
    token, parameters = called.token.address, called.parameters
    writes: tuple[tuple[bytes, Value], ...] = ()
    if sender != recipient:
        writes = ((token_key(token, sender), held - amount), (token_key(token, recipient), received + amount))
    return Ran(
        parameters.transfer_energy if received else parameters.new_holder_transfer_energy,
        abi.uint_word(1),
        logs=(called.log(abi.TRANSFER_TOPIC, sender, recipient, amount),),
        writes=writes,
    )


def _transfer_from(called: _Call) -> Ran:
    owner, recipient, amount = called.address(0), called.address(1), called.amount(2)
    key = allowance_key(called.token.address, owner, called.caller)
    allowed = amount_of(called.state, key)
    if allowed < amount:
        return _reverted("ERC20: transfer amount exceeds allowance")
    moved = _moved(called, owner, recipient, amount)
    if moved.is_reverted:
        return moved
    left = allowed if allowed == UNLIMITED else allowed - amount
    approval = called.log(abi.APPROVAL_TOPIC, owner, called.caller, left)
    return Ran(
        moved.energy + ALLOWANCE_ENERGY,
        moved.returned,
        logs=(*moved.logs, approval),
        writes=(*moved.writes, (key, left)),
    )


def _approve(called: _Call) -> Ran:
    spender, amount = called.address(0), called.amount(1)
    if spender == ZERO_ADDRESS:
        return _reverted("ERC20: approve to the zero address")
    return Ran(
        APPROVE_ENERGY,
        abi.uint_word(1),
        logs=(called.log(abi.APPROVAL_TOPIC, called.caller, spender, amount),),
        writes=((allowance_key(called.token.address, called.caller, spender), amount),),
    )


def _allowance(called: _Call) -> Ran:
    key = allowance_key(called.token.address, called.address(0), called.address(1))
    return _viewed(abi.uint_word(amount_of(called.state, key)))


BY_SELECTOR = {
    abi.NAME: Function("name", (), "string", "View", lambda called: _viewed(abi.encode_text(called.token.name))),
    abi.SYMBOL: Function("symbol", (), "string", "View", lambda called: _viewed(abi.encode_text(called.token.symbol))),
    abi.DECIMALS: Function(
        "decimals", (), "uint8", "View", lambda called: _viewed(abi.uint_word(called.token.decimals))
    ),
    abi.TOTAL_SUPPLY: Function(
        "totalSupply", (), "uint256", "View", lambda called: _viewed(abi.uint_word(called.token.total_supply))
    ),
    abi.BALANCE_OF: Function(
        "balanceOf",
        (("account", "address"),),
        "uint256",
        "View",
        lambda called: _viewed(abi.uint_word(called.balance(called.address(0)))),
    ),
    abi.ALLOWANCE: Function("allowance", (("owner", "address"), ("spender", "address")), "uint256", "View", _allowance),
    abi.TRANSFER: Function(
        "transfer", (("recipient", "address"), ("amount", "uint256")), "bool", "Nonpayable", _transfer
    ),
    abi.APPROVE: Function("approve", (("spender", "address"), ("amount", "uint256")), "bool", "Nonpayable", _approve),
    abi.TRANSFER_FROM: Function(
        "transferFrom",
        (("sender", "address"), ("recipient", "address"), ("amount", "uint256")),
        "bool",
        "Nonpayable",
        _transfer_from,
    ),
}


def _entry(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "type": "Function",
        "stateMutability": function.mutability,
        "inputs": [{"name": name, "type": kind} for name, kind in function.inputs],
        "outputs": [{"type": function.output}],
    }


def _event(name: str, first: str, second: str) -> dict[str, Any]:
    indexed = [{"indexed": True, "name": party, "type": "address"} for party in (first, second)]
    return {"name": name, "type": "Event", "inputs": [*indexed, {"name": "value", "type": "uint256"}]}


# As getcontract gives it.
ABI = [
    *(_entry(function) for function in BY_SELECTOR.values()),
    _event("Transfer", "from", "to"),
    _event("Approval", "owner", "spender"),
]
