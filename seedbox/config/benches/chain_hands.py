"""Whom the simulation's services get: signer and chain as they are, and at both of them others act meanwhile.

While somebody waits for the chain or the signer, a second worker may do anything: so `interrupt` is called at every
such place, and what it does there is what a second worker could have done at that moment.
"""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from wallet.chain.endpoints import Chain, Sighting
from wallet.chain.port import Block, BlockRef, BroadcastAnswer, Receipt
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import Address, parse_address
from wallet.signer import founding
from wallet.signer.protocol import SignedAttempt, SignerAway, SignerStatus, SignRequest
from wallet.signer.secret import Secret
from wallet.signer.signer import Place, Signer

Interrupt = Callable[[], None]

WORDS = "test " * 11 + "junk"  # everybody's: worth nothing


class InterruptedSigner:
    """The signer as it is, without its process: it may be away before it signs, and when it should answer."""

    def __init__(
        self, folder: Path, interrupt: Interrupt, *, is_away: Callable[[], bool], now_ms: Callable[[], int]
    ) -> None:
        self._interrupt = interrupt
        self._is_away = is_away
        self._now_ms = now_ms
        self._place = Place(folder / "signer", folder / "signer.key")
        lock = founding.lock_by_key_file(self._place.key_file)
        founding.found(self._place.folder, Secret(WORDS.encode()), lock, network=DEVNET.name, at_ms=now_ms())
        self._signer = self._opened()

    @property
    def hot_address(self) -> Address:
        hot = self.status().hot_address
        assert hot is not None
        return parse_address(hot)

    def restart(self) -> None:
        self._signer.close()
        self._signer = self._opened()

    def close(self) -> None:
        self._signer.close()

    def status(self) -> SignerStatus:
        return self._signer.status()

    def account_xpub(self) -> str:
        return self._signer.account_xpub()

    def confirm_address(self, index: int) -> str:
        return self._signer.confirm_address(index)

    def signed_for(self, subject: str) -> SignedAttempt | None:
        if self._is_away():
            raise SignerAway("nobody answers")
        return self._signer.signed_for(subject)

    def addresses(self, first: int) -> list[int]:
        return self._signer.addresses(first)

    def sign(self, request: SignRequest) -> bytes:
        self._interrupt()
        if self._is_away():
            raise SignerAway("nobody answers")
        signature = self._signer.sign(request)
        self._interrupt()
        if self._is_away():
            raise SignerAway("the answer is lost")
        return signature

    def _opened(self) -> Signer:
        return Signer(self._place, DEVNET, now_ms=self._now_ms)


class InterruptedChain(Chain):
    """The chain's door, at which others act before and after each answer."""

    def __init__(self, interrupt: Interrupt, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._interrupt = interrupt

    def solid_agreement(self) -> BlockRef:
        self._interrupt()
        return super().solid_agreement()

    def blocks(self, first: int, last: int, *, solid: bool = True) -> tuple[Block, ...]:
        found = super().blocks(first, last, solid=solid)
        self._interrupt()
        return found

    def receipts_of(self, blocks: Sequence[Block]) -> Generator[tuple[Receipt, ...], None, None]:
        """Yield what the real one does, without its threads: chance must come in the same order each time."""
        yield from map(self.receipts, blocks)

    def receipt(self, tx_id: bytes, *, solid: bool) -> Receipt | None:
        found = super().receipt(tx_id, solid=solid)
        self._interrupt()
        return found

    def sightings(self, tx_id: bytes) -> tuple[Sighting, ...]:
        found = super().sightings(tx_id)
        self._interrupt()
        return found

    def broadcast(self, signed_bytes: bytes) -> tuple[BroadcastAnswer, ...]:
        self._interrupt()
        answers = super().broadcast(signed_bytes)
        self._interrupt()
        return answers
