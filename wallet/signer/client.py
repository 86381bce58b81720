"""Asks the signer over its Unix socket, with a connection for each question."""

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from wallet.domain import signer_words
from wallet.domain.money import Asset
from wallet.signer import hub_messages, messages, rules
from wallet.signer.policy import Rules
from wallet.signer.protocol import (
    LENGTH,
    BadFrame,
    DeadProof,
    InfoRequest,
    ReceiptRequest,
    SignedAttempt,
    SignerAway,
    SignerConflict,
    SignerDoor,
    SignerError,
    SignerLimited,
    SignerLocked,
    SignerRefused,
    SignerStatus,
    SignRequest,
    body_length,
    frame,
    parse,
)
from wallet.signer.rules import BadRules

__all__ = [
    "DeadProof",
    "SignRequest",
    "SignerAway",
    "SignerClient",
    "SignerDoor",
    "SignerError",
    "SignerLimited",
    "SignerLocked",
    "SignerRefused",
    "SignerStatus",
]

ANSWER_S = 10.0  # unlocking by passphrase takes the longest, about half a second

Answer = TypeVar("Answer")


class SignerClient:
    """The signer behind a socket; see SignerDoor for what may be raised. Threads may share one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def status(self) -> SignerStatus:
        return self._ask({"ask": "status"}, messages.read_status)

    def account_xpub(self) -> str:
        return self._ask({"ask": "account_xpub"}, messages.read_text)

    def confirm_address(self, index: int) -> str:
        return self._ask({"ask": "confirm_address", "index": index}, messages.read_text)

    def signed_for(self, subject: str) -> SignedAttempt | None:
        return self._ask({"ask": "signed_for", "subject": subject}, messages.read_signed_attempt)

    def addresses(self, first: int) -> list[int]:
        return self._ask({"ask": "addresses", "first": first}, messages.read_indexes)

    def sign(self, request: SignRequest) -> bytes:
        return self._ask({"ask": "sign", **messages.write_request(request)}, messages.read_signature)

    def hub_key(self, asset: Asset) -> bytes:
        return self._ask({"ask": "hub_key", "asset": int(asset)}, hub_messages.read_key)

    def sign_receipt(self, request: ReceiptRequest) -> bytes:
        return self._ask(
            {"ask": "sign_receipt", **hub_messages.write_receipt_request(request)}, hub_messages.read_receipt
        )

    def sign_info(self, request: InfoRequest) -> bytes:
        return self._ask({"ask": "sign_info", **hub_messages.write_info_request(request)}, messages.read_signature)

    def unlock(self, passphrase: str) -> None:
        """Open the keys with a passphrase that a person has typed."""
        self._ask({"ask": "unlock", "passphrase": passphrase}, bool)

    def confirm(self, reason: str) -> None:
        """End a doubt about the signer's store, after a person has looked."""
        self._ask({"ask": "confirm", "reason": reason}, bool)

    def rules(self) -> Rules:
        return self._ask({"ask": "rules"}, rules.read)

    def set_rules(self, new: Rules) -> None:
        self._ask({"ask": "set_rules", "rules": rules.write(new)}, bool)

    def _ask(self, question: dict[str, Any], read: Callable[[Any], Answer]) -> Answer:
        try:
            match self._exchange(frame(question)):
                case {"answer": given}:
                    return read(given)
                case {"refused": str(sentence)}:
                    raise SignerRefused(sentence)
                case {"conflict": str(sentence)}:
                    raise SignerConflict(sentence)
                case {"locked": str(sentence)}:
                    raise SignerLocked(sentence)
                case {"limited": str(sentence)}:
                    raise SignerLimited(sentence)
                case {"away": str(sentence)}:
                    raise SignerAway(sentence)
            raise BadFrame("it is none of its answers")
        except OSError as problem:
            raise SignerAway(signer_words.AWAY % {"path": self._path, "problem": problem.strerror or problem}) from None
        except (BadFrame, BadRules) as problem:
            raise SignerAway(signer_words.UNREADABLE_ANSWER % {"problem": problem}) from None

    def _exchange(self, question: bytes) -> dict[str, Any]:
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as line:
            line.settimeout(ANSWER_S)
            line.connect(str(self._path))
            line.sendall(question)
            return parse(_exactly(line, body_length(_exactly(line, LENGTH.size))))


def _exactly(line: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        chunk = line.recv(count - len(received))
        if not chunk:
            raise ConnectionResetError("it hung up")
        received += chunk
    return bytes(received)
