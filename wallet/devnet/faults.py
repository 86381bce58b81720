"""Faults on purpose: what the next answers of one port shall be, and about what it lies.

The chain behind it stays true: a test can look at it through another port, or after the fault, and know what happened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from wallet.devnet.answers import Code
from wallet.devnet.http import Answer, BadRequest, json_answer

Kind = TypeVar("Kind", bound=Enum)

MOST_TIMES = 1_000_000
LONGEST_DELAY_MS = 600_000
BUSY = "class java.lang.IllegalAccessException : lack of computing resources"

MESSAGES = {
    Code.SIGERROR: "Validate signature error: sig error",
    Code.CONTRACT_VALIDATE_ERROR: "Contract validate error : it was told to fail",
    Code.CONTRACT_EXE_ERROR: "Contract execute error : it was told to fail",
    Code.BANDWITH_ERROR: "Account resource insufficient error.",
    Code.DUP_TRANSACTION_ERROR: "Dup transaction.",
    Code.TAPOS_ERROR: "Tapos check error.",
    Code.TOO_BIG_TRANSACTION_ERROR: "Too big transaction.",
    Code.TRANSACTION_EXPIRATION_ERROR: "Transaction expired",
    Code.SERVER_BUSY: "Server busy.",
    Code.NO_CONNECTION: "No connection.",
    Code.NOT_ENOUGH_EFFECTIVE_CONNECTION: "P2P broadcast failed.",
    Code.BLOCK_UNSOLIDIFIED: "Block unsolidified.",
    Code.OTHER_ERROR: "Something else.",
}

# Answers that are no answer of the chain.
BROKEN = {
    "error": json_answer({"Error": BUSY}),
    "403": Answer(b'{"Error":"Exceed the user daily usage"}', 403),
    "429": Answer(b"Too many requests", 429, "text/plain"),
    "500": Answer(b"<html>Internal Server Error</html>", 500, "text/html"),
    "502": Answer(b"<html>Bad Gateway</html>", 502, "text/html"),
    "broken_json": Answer(b'{"result":tru'),
    "plain_text": Answer(b"this endpoint is being looked after", 200, "text/plain"),
    "empty": Answer(b""),
    "timeout": Answer(b"", stays_open=True),
    "cut": Answer(b'{"result":', breaks_off=True),
}
SWALLOW = "swallow"  # answered as accepted, and never seen again
CODES = {code.name: code for code in Code if code is not Code.SUCCESS}


class Where(Enum):
    """Which requests fail."""

    BROADCAST = "broadcast"
    READS = "reads"  # all but broadcasts
    EVERYTHING = "everything"

    def covers(self, *, is_broadcast: bool) -> bool:
        return self is Where.EVERYTHING or (self is Where.BROADCAST) == is_broadcast


class Lie(Enum):
    """What a port says that is not so."""

    WRONG_TXID = "wrong_txid"  # getsignweight and builders name another id than that of the bytes
    ALTERED_RAW_DATA = "altered_raw_data"  # and here they change the recipient, with bytes and id to match
    ALTERED_AMOUNT = "altered_amount"  # reads of transactions show ten times the amount, under the true id
    FALSE_SUCCESS = "false_success"  # reads show failed contract calls as successful
    MISSING_BLOCK = "missing_block"  # lists of blocks leave out one in the middle
    DOUBLED_BLOCK = "doubled_block"  # and here give one twice
    UNORDERED_BLOCKS = "unordered_blocks"
    SHORT_RECEIPTS = "short_receipts"  # receipts of a block leave out the last one
    HIDDEN_TRANSACTIONS = "hidden_transactions"  # transactions and receipts asked for by id are not there
    WRONG_GENESIS = "wrong_genesis"  # block 0 is another one
    OTHER_NETWORK = "other_network"  # every block has another id


@dataclass(frozen=True)
class Failure:
    kind: str  # a name of CODES or BROKEN, or SWALLOW
    where: Where
    times_left: int
    is_after_accept: bool  # the broadcast is accepted first, and answered as failed

    @property
    def code(self) -> Code | None:
        return CODES.get(self.kind)


class Faults:
    """The faults of one port."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._failures: list[Failure] = []
        self._lies: dict[Lie, int | None] = {}
        self._delay_ms = 0

    @property
    def delay_s(self) -> float:
        return self._delay_ms / 1000

    def set_delay(self, delay_ms: int) -> None:
        if not 0 <= delay_ms <= LONGEST_DELAY_MS:
            raise BadRequest(f"ms must be 0 to {LONGEST_DELAY_MS}")
        self._delay_ms = delay_ms

    def add_failure(self, *, kind: str, where: str, times: int, is_after_accept: bool) -> None:
        """Let so many requests fail; 0 times ends all failures of before."""
        if not 0 <= times <= MOST_TIMES:
            raise BadRequest(f"times must be 0 to {MOST_TIMES}")
        if times == 0:
            self._failures.clear()
            return
        if kind not in CODES and kind not in BROKEN and kind != SWALLOW:
            raise BadRequest(f"kind must be one of {', '.join([*CODES, *BROKEN, SWALLOW])}")
        place = _member(Where, "where", where)
        if place is not Where.BROADCAST and kind not in BROKEN:
            raise BadRequest(f"only broadcasts can fail with {kind}")
        self._failures.append(Failure(kind, place, times, is_after_accept))

    def next_failure(self, *, is_broadcast: bool) -> Failure | None:
        """Return how this request fails, the oldest wish first, and count it."""
        for at, failure in enumerate(self._failures):
            if failure.where.covers(is_broadcast=is_broadcast):
                if failure.times_left > 1:
                    self._failures[at] = replace(failure, times_left=failure.times_left - 1)
                else:
                    del self._failures[at]
                return failure
        return None

    def lie(self, kind: str, *, times: int | None) -> None:
        """Lie so many times, or until the next word; “none” ends all lies."""
        if kind == "none":
            self._lies.clear()
            return
        if times is not None and not 0 < times <= MOST_TIMES:
            raise BadRequest(f"times must be 1 to {MOST_TIMES}")
        self._lies[_member(Lie, "kind", kind)] = times

    @property
    def is_honest(self) -> bool:
        return not self._lies

    def lies(self, lie: Lie) -> bool:
        """Tell whether to lie now, and count it."""
        if lie not in self._lies:
            return False
        left = self._lies[lie]
        if left is not None:
            if left > 1:
                self._lies[lie] = left - 1
            else:
                del self._lies[lie]
        return True

    def summary(self) -> Mapping[str, object]:
        return {
            "delay_ms": self._delay_ms,
            "failures": [
                {
                    "kind": failure.kind,
                    "where": failure.where.value,
                    "times": failure.times_left,
                    "after_accept": failure.is_after_accept,
                }
                for failure in self._failures
            ],
            "lies": [lie.value for lie in self._lies],
        }


def _member(kinds: type[Kind], name: str, value: str) -> Kind:
    try:
        return kinds(value)
    except ValueError:
        raise BadRequest(f"{name} must be one of {', '.join(kind.value for kind in kinds)}") from None
