"""The signer's process: a Unix socket, on which users that may ask are answered one question after the other."""

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wallet.domain import signer_words
from wallet.signer import hub_messages, messages, rules
from wallet.signer.protocol import (
    LENGTH,
    MOST_PASSPHRASE_BYTES,
    BadFrame,
    SignerConflict,
    SignerError,
    SignerLimited,
    SignerLocked,
    SignerRefused,
    body_length,
    frame,
    parse,
)
from wallet.signer.rules import BadRules
from wallet.signer.secret import Secret
from wallet.signer.signer import Signer
from wallet.signer.store import StoreUnwritable

QUESTION_S = 10.0  # for the rest of a question that has begun
IDLE_S = 60.0
MOST_CONNECTIONS = 64
Answer = dict[str, Any]
_CREDENTIALS = struct.Struct("iII")  # pid, uid, gid
_OVERSIZE = 100  # of backlog: workers come in bursts


class Busy(Exception):
    """Another signer works in this folder."""


@dataclass(frozen=True)
class Peers:
    """Which users of this machine may ask: the signer's own for all things, others for what a worker needs."""

    own: int
    others: Collection[int] = ()

    def may_ask(self, uid: int) -> bool:
        return self.is_own(uid) or uid in self.others

    def is_own(self, uid: int) -> bool:
        return uid in (self.own, 0)  # root could take the keys anyway


@dataclass(frozen=True)
class Question:
    asked: dict[str, Any]
    uid: int  # of who asks


class Server:
    def __init__(self, signer: Signer, path: Path, peers: Peers) -> None:
        self._signer = signer
        self._path = path
        self._peers = peers
        self._connections = 0
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []

    async def run(self, *, ready: Callable[[], None]) -> None:
        """Answer until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._path.parent.lstat().st_uid not in (self._peers.own, 0):  # also of a link that somebody laid there
            raise PermissionError(f"{self._path.parent} belongs to another user")
        self._path.unlink(missing_ok=True)  # of a signer that was killed; the folder's lock says that none runs
        server = await asyncio.start_unix_server(self._serve, self._path, backlog=_OVERSIZE)
        self._path.chmod(0o660 if self._peers.others else 0o600)
        try:
            ready()
            await stop.wait()
        finally:
            server.close()
            self._path.unlink(missing_ok=True)
            self._signer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            uid = _peer_uid(writer)
            while question := await _question(reader):
                if not self._peers.may_ask(uid):
                    await _say(writer, {"refused": signer_words.NOT_ALLOWED % {"uid": uid}})
                    break
                if self._connections > MOST_CONNECTIONS:
                    await _say(writer, {"away": signer_words.TOO_MANY})
                    break
                await _say(writer, await self._answer_with_others(Question(parse(question), uid)))
        except (OSError, EOFError, TimeoutError, BadFrame):
            pass  # whoever asked has gone, or speaks another language
        finally:
            self._connections -= 1
            writer.close()

    def _answer_with_others(self, question: Question) -> asyncio.Future[Answer]:
        """Answer all questions that come at the same time at once."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._answer_waiting)
        self._waiting.append((question, loop.create_future()))
        return self._waiting[-1][1]

    def _answer_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            answers = self.answer([question for question, _ in waiting])
        except Exception:
            for _, future in waiting:
                future.cancel()  # nobody shall wait for an answer that will not come
            raise
        for (_, future), answer in zip(waiting, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Return what is answered to each question, when all that it says is on the disk."""
        try:
            with self._signer.together():
                return [self._answer(question) for question in questions]
        except StoreUnwritable as problem:
            return [{"away": str(problem)}] * len(questions)

    def _answer(self, question: Question) -> Answer:
        try:
            return {"answer": self._do(question.asked, question.uid)}
        except StoreUnwritable:
            raise
        except SignerLocked as problem:
            return {"locked": str(problem)}
        except SignerConflict as problem:
            return {"conflict": str(problem)}
        except SignerLimited as problem:
            return {"limited": str(problem)}
        except (SignerError, BadFrame, BadRules) as problem:
            return {"refused": str(problem)}

    def _do(self, question: dict[str, Any], uid: int) -> Any:
        match question:
            case {"ask": "status"}:
                return messages.write_status(self._signer.status())
            case {"ask": "account_xpub"}:
                return self._signer.account_xpub()
            case {"ask": "confirm_address", "index": index}:
                return self._signer.confirm_address(messages.read_index(index))
            case {"ask": "signed_for", "subject": subject}:
                return messages.write_signed_attempt(self._signer.signed_for(messages.read_subject(subject)))
            case {"ask": "addresses", "first": first}:
                return self._signer.addresses(messages.read_index(first))
            case {"ask": "sign"}:
                return self._signer.sign(messages.read_request(question)).hex()
            case {"ask": "hub_key", "asset": asset}:
                return self._signer.hub_key(hub_messages.read_asset(asset)).hex()
            case {"ask": "sign_receipt"}:
                return self._signer.sign_receipt(hub_messages.read_receipt_request(question)).hex()
            case {"ask": "sign_info"}:
                return self._signer.sign_info(hub_messages.read_info_request(question)).hex()
        if not self._peers.is_own(uid):
            raise SignerRefused(signer_words.NOT_OWN_USER)
        match question:
            case {"ask": "unlock", "passphrase": str(passphrase)}:
                with _passphrase(passphrase) as secret:
                    self._signer.unlock(secret)
                return True
            case {"ask": "confirm", "reason": str(reason)}:
                return self._signer.confirm(reason)
            case {"ask": "rules"}:
                return rules.write(self._signer.rules)
            case {"ask": "set_rules", "rules": given}:
                return self._signer.set_rules(rules.read(given))
        raise SignerRefused(signer_words.NO_QUESTION)


def _passphrase(given: str) -> Secret:
    try:
        found = Secret(given.encode())
    except UnicodeEncodeError:
        raise BadFrame("passphrase: it is not text") from None
    if len(found) > MOST_PASSPHRASE_BYTES:
        raise BadFrame(f"a passphrase has up to {MOST_PASSPHRASE_BYTES} bytes")
    return found


def lock_folder(folder: Path) -> int:
    """Return a locked descriptor, to be kept; raises Busy while another signer works there."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Busy(f"another signer works in {folder}: stop it first") from None
    return descriptor


async def _question(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readexactly(LENGTH.size), IDLE_S)
    return await asyncio.wait_for(reader.readexactly(body_length(head)), QUESTION_S)


async def _say(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(frame(answer))
    with contextlib.suppress(ConnectionError):
        await writer.drain()


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    line: socket.socket = writer.get_extra_info("socket")
    _, uid, _ = _CREDENTIALS.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)
