"""Calls of TRC-20 contracts and what they answer and log: words of 32 bytes, where an address is its last 20."""

from collections.abc import Sequence
from dataclasses import dataclass

from wallet.domain import shape_words as words
from wallet.domain.tron.addresses import ADDRESS_PREFIX, Address

NAME = bytes.fromhex("06fdde03")
SYMBOL = bytes.fromhex("95d89b41")
DECIMALS = bytes.fromhex("313ce567")
TOTAL_SUPPLY = bytes.fromhex("18160ddd")
BALANCE_OF = bytes.fromhex("70a08231")
TRANSFER = bytes.fromhex("a9059cbb")
TRANSFER_FROM = bytes.fromhex("23b872dd")
APPROVE = bytes.fromhex("095ea7b3")
ALLOWANCE = bytes.fromhex("dd62ed3e")
REVERT_REASON = bytes.fromhex("08c379a0")  # Error(string)
TRANSFER_TOPIC = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
APPROVAL_TOPIC = bytes.fromhex("8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925")
WORD_BYTES = 32
MAX_TEXT_BYTES = 4096  # of a name or a reason that a stranger's contract gives


class BadAbi(ValueError):
    """These bytes are no such call or answer: what is wrong stands in the text."""


@dataclass(frozen=True, slots=True)
class TransferLog:
    """A contract's word that it moved a token. Anybody's contract can say it, so which contract it is decides."""

    contract: Address
    sender: Address
    recipient: Address
    amount: int


def uint_word(value: int) -> bytes:
    """Return a whole number in 32 bytes. Raises BadAbi for one that has no room."""
    if not 0 <= value < 2**256:
        raise BadAbi(words.VALUE_TOO_LARGE % {"value": value})
    return value.to_bytes(WORD_BYTES)


def address_word(address: Address) -> bytes:
    return bytes(12) + address[-20:]


def address_of_word(word: bytes) -> Address:
    """Return an address as the virtual machine does: what stands before the last 20 bytes does not count."""
    return Address(ADDRESS_PREFIX + word[-20:])


def call(selector: bytes, *arguments: Address | int) -> bytes:
    """Return the data of a call with addresses and whole numbers. Raises BadAbi."""
    return selector + b"".join(
        uint_word(argument) if isinstance(argument, int) else address_word(argument) for argument in arguments
    )


def transfer_call(to: Address, amount: int) -> bytes:
    return call(TRANSFER, to, amount)


def transfer_from_call(owner: Address, to: Address, amount: int) -> bytes:
    return call(TRANSFER_FROM, owner, to, amount)


def approve_call(spender: Address, amount: int) -> bytes:
    return call(APPROVE, spender, amount)


def allowance_call(owner: Address, spender: Address) -> bytes:
    return call(ALLOWANCE, owner, spender)


def balance_of_call(address: Address) -> bytes:
    return call(BALANCE_OF, address)


def words_of(data: bytes, count: int) -> list[bytes]:
    """Return the words behind a selector. Raises BadAbi if there are fewer; more are let be, as contracts do."""
    if len(data) < 4 + count * WORD_BYTES:
        lengths = {"words": count, "needed": 4 + count * WORD_BYTES, "count": len(data)}
        raise BadAbi(words.CALL_LENGTH % lengths)
    return [data[at : at + WORD_BYTES] for at in range(4, 4 + count * WORD_BYTES, WORD_BYTES)]


def decode_transfer_call(data: bytes) -> tuple[Address, int] | None:
    """Return recipient and amount of exactly what `transfer_call` makes; None for all else."""
    if len(data) != 4 + 2 * WORD_BYTES or data[:4] != TRANSFER or any(data[4:16]):
        return None
    return address_of_word(data[4:36]), int.from_bytes(data[36:])


def decode_transfer_log(address: bytes, topics: Sequence[bytes], data: bytes) -> TransferLog | None:
    """Return what a Transfer log says; None for any other, or one with other topics or words than a TRC-20's."""
    if len(topics) != 3 or topics[0] != TRANSFER_TOPIC or len(data) != WORD_BYTES:
        return None
    if any(len(topic) != WORD_BYTES for topic in topics) or len(address) not in (20, 21):
        return None
    return TransferLog(
        contract=address_of_word(address),
        sender=address_of_word(topics[1]),
        recipient=address_of_word(topics[2]),
        amount=int.from_bytes(data),
    )


def transfer_log(sender: Address, recipient: Address, amount: int) -> tuple[tuple[bytes, bytes, bytes], bytes]:
    """Return topics and data of a Transfer log."""
    return (TRANSFER_TOPIC, address_word(sender), address_word(recipient)), uint_word(amount)


def encode_text(text: str) -> bytes:
    """Return the answer of a call that gives text."""
    content = text.encode()
    padding = bytes(-len(content) % WORD_BYTES)
    return uint_word(WORD_BYTES) + uint_word(len(content)) + content + padding


def decode_text(answer: bytes) -> str:
    """Read the answer of a call that gives text. Raises BadAbi."""
    if len(answer) < 2 * WORD_BYTES:
        raise BadAbi(words.SHORT_TEXT % {"needed": 2 * WORD_BYTES, "count": len(answer)})
    at = int.from_bytes(answer[:WORD_BYTES])
    length = int.from_bytes(answer[at : at + WORD_BYTES])
    if at > len(answer) - WORD_BYTES or length > min(MAX_TEXT_BYTES, len(answer) - WORD_BYTES - at):
        raise BadAbi(words.TEXT_BEYOND)
    content = answer[at + WORD_BYTES : at + WORD_BYTES + length]
    return content.decode(errors="replace")


def decode_uint(answer: bytes) -> int:
    """Read the answer of a call that gives one whole number. Raises BadAbi."""
    if len(answer) != WORD_BYTES:
        raise BadAbi(words.NUMBER_LENGTH % {"needed": WORD_BYTES, "count": len(answer)})
    return int.from_bytes(answer)


def revert_data(reason: str) -> bytes:
    return REVERT_REASON + encode_text(reason)


def revert_reason(data: bytes) -> str | None:
    """Return why a contract went back on all it did, if it says so."""
    if data[:4] != REVERT_REASON:
        return None
    try:
        return decode_text(data[4:])
    except BadAbi:
        return None
