"""Questions to an endpoint over HTTP, with a limit in size and in time on every answer. What comes back is plain JSON.

An endpoint is a stranger: it may answer byte by byte for ever, with a bomb, with nests of brackets, or with a page of
its provider. Each of these ends in a ChainError that names the endpoint without the secret its address may carry.
"""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from wallet.chain.port import BadAnswer, ChainBusy, ChainUnreachable
from wallet.domain import chain_words

CONNECT_S = 3.0
QUIET_S = 5.0  # without a byte
WHOLE_ANSWER_S = 20.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024  # a hundred ordinary blocks; fuller ones are asked for in smaller runs
MAX_TEXT = 200  # of a stranger's words that are passed on
BUSY = frozenset({403, 429, 503})
SERVERS_FAULT = 500
_CONNECTIONS = 8


class TooLarge(BadAnswer):
    """The answer is larger than what is read."""


class Transport:
    """One endpoint's address. Safe for threads. Raises ChainError."""

    def __init__(
        self,
        url: str,
        *,
        quiet_s: float = QUIET_S,
        whole_answer_s: float = WHOLE_ANSWER_S,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        parts = urlsplit(url)
        self.name = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        self._url = url.rstrip("/") + "/"
        # Whatever the case it was written in. For http it stays off: to read all authorities takes a tenth of a second.
        self._is_tls = parts.scheme == "https"
        self._quiet_s = quiet_s
        self._whole_answer_s = whole_answer_s
        self._max_answer_bytes = max_answer_bytes
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post the question and return the answer's JSON; an error that the server itself tells is raised."""
        return self.read(path, self.post(path, body))

    def read(self, path: str, raw: bytes) -> Any:
        """Return the JSON of an answer's bytes. Raises BadAnswer, ChainBusy."""
        try:
            answer = json.loads(raw, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise BadAnswer(
                self.name,
                chain_words.NOT_JSON % {"path": path, "words": said(raw[:MAX_TEXT])},
            ) from None
        if isinstance(answer, dict) and "Error" in answer:
            words = said(answer["Error"])
            if "lack of computing resources" in words:
                raise ChainBusy(self.name, words)
            raise BadAnswer(self.name, f"{path}: {words}")
        return answer

    def too_large(self, path: str) -> TooLarge:
        says = chain_words.TOO_LARGE
        return TooLarge(self.name, says % {"path": path, "most": self._max_answer_bytes})

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Return the answer's bytes. Raises ChainError for all but a whole answer with status 200."""
        client = self._opened()
        # The client's own timeouts count from byte to byte, so a trickle would never end. Closing it ends the request.
        watch = threading.Timer(self._whole_answer_s, self.close)
        watch.daemon = True
        watch.start()
        try:
            with client.stream("POST", self._url + path, json=body) as response:
                self._check_status(path, response)
                return self._bytes_of(path, response)
        except (httpx.HTTPError, httpx.StreamError, RuntimeError, OSError) as problem:
            # A client that the watch has closed raises RuntimeError. The text may carry the address and so a secret.
            says = chain_words.NO_ANSWER % {"path": path, "problem": type(problem).__name__}
            raise ChainUnreachable(self.name, says) from None
        finally:
            watch.cancel()

    def _opened(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    # No compression: a small answer could otherwise become a large one. No proxy of the environment.
                    headers={"Accept-Encoding": "identity"},
                    timeout=httpx.Timeout(self._quiet_s, connect=CONNECT_S),
                    limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=30),
                    trust_env=False,
                    verify=self._is_tls,
                )
            return self._client

    def _check_status(self, path: str, response: httpx.Response) -> None:
        status = response.status_code
        if status != httpx.codes.OK:
            says = chain_words.STATUS % {"status": status, "path": path}
            if status in BUSY:
                raise ChainBusy(self.name, says)
            if status >= SERVERS_FAULT:
                raise ChainUnreachable(self.name, says)
            raise BadAnswer(self.name, says)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            says = chain_words.COMPRESSED % {"path": path}
            raise BadAnswer(self.name, says)

    def _bytes_of(self, path: str, response: httpx.Response) -> bytes:
        ends_at = time.monotonic() + self._whole_answer_s
        parts: list[bytes] = []
        size = 0
        for part in response.iter_raw():
            parts.append(part)
            size += len(part)
            if size > self._max_answer_bytes:
                raise self.too_large(path)
            if time.monotonic() > ends_at:
                says = chain_words.TOO_SLOW
                raise ChainUnreachable(self.name, says % {"path": path, "limit": self._whole_answer_s})
        return b"".join(parts)


def said(words: object) -> str:
    """Return a stranger's words fit to be shown: one short line of printable characters."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)[: 4 * MAX_TEXT]
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text[:MAX_TEXT]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
