"""What a hub says of itself, signed over a nonce of the asker's, so that nobody can say it for the hub later."""

from dataclasses import dataclass

from wallet.domain.money import Asset
from wallet.domain.rounding import PPM
from wallet.domain.speed1 import signing
from wallet.domain.speed1.receipt import SpeedNetwork
from wallet.domain.speed1.signing import ID_BYTES, NONCE_BYTES, BadSignature, check_octets, whole

TAG = b"btt-speed/1 info\0"
INFO_BYTES = 73


@dataclass(frozen=True, slots=True)
class HubInfo:
    hub_id: bytes
    nonce: bytes  # of the asker; exactly 16 bytes
    network: SpeedNetwork
    asset: Asset
    fee_ppm: int
    time_s: int  # unix seconds of the hub

    def encode(self) -> bytes:
        """Return the bytes whose SHA-256 is signed; raises ValueError for what does not fit them."""
        if self.fee_ppm > PPM:
            raise ValueError(f"A fee is at most {PPM} ppm.")
        return b"".join(
            (
                TAG,
                check_octets("hub_id", self.hub_id, ID_BYTES),
                check_octets("nonce", self.nonce, NONCE_BYTES),
                whole("network", int(self.network), 4),
                whole("asset", int(self.asset), 4),
                whole("fee_ppm", self.fee_ppm, 4),
                whole("time_s", self.time_s),
            )
        )

    def sign(self, hub_private_key: bytes) -> bytes:
        """Return the 65 bytes of the signature. Raises BadKey."""
        return signing.sign(hub_private_key, self.encode())

    def check(self, hub_key: bytes, signature: bytes) -> None:
        """Say nothing if the hub of that key said this of itself; raises BadSignature."""
        if signing.hub_id_of(hub_key) != self.hub_id:
            raise BadSignature("This is the key of another hub.")
        signing.check(hub_key, self.encode(), signature)
