"""Vouchers: what a payer promises a payee out of one channel, all in all so far; the newest is the whole truth."""

from dataclasses import dataclass

from wallet.domain.speed1 import signing
from wallet.domain.speed1.signing import CHANNEL_BYTES, ID_BYTES, KEY_BYTES, check_octets, whole
from wallet.domain.tron.keys import sha256

TAG = b"btt-speed/1 voucher\0"
VOUCHER_BYTES = 97


@dataclass(frozen=True, slots=True)
class Voucher:
    """What is signed with the payer's Speed key. Its channel names the payer, so its key does not stand in it."""

    hub_id: bytes
    channel: bytes
    payee_key: bytes
    cumulative_ubtt: int

    def encode(self) -> bytes:
        """Return the 97 bytes; raises ValueError for what does not fit them."""
        return b"".join(
            (
                TAG,
                check_octets("hub_id", self.hub_id, ID_BYTES),
                check_octets("channel", self.channel, CHANNEL_BYTES),
                check_octets("payee_key", self.payee_key, KEY_BYTES),
                whole("cumulative_ubtt", self.cumulative_ubtt),
            )
        )

    def digest(self) -> bytes:
        """Return the hash that is signed, by which a hub's transfers name the voucher; raises ValueError as above."""
        return sha256(self.encode())

    def sign(self, payer_private_key: bytes) -> bytes:
        """Return the 65 bytes of the signature. Raises BadKey."""
        return signing.sign(payer_private_key, self.encode())

    def check(self, payer_key: bytes, signature: bytes) -> None:
        """Say nothing if the payer signed this; raises BadSignature."""
        signing.check(payer_key, self.encode(), signature)
