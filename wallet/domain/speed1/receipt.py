"""Receipts: a hub's word that a channel is open, who pays whom out of it, how much there is and until when.

A top-up makes a new receipt of the same channel; its amount and its expiry are never below those of the one before.
"""

import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

from wallet.domain.accounts import AccountName
from wallet.domain.money import Asset
from wallet.domain.networks import DEVNET, MAINNET, NILE
from wallet.domain.speed1 import signing
from wallet.domain.speed1.signing import (
    CHANNEL_BYTES,
    ID_BYTES,
    KEY_BYTES,
    MAX_WHOLE,
    PAYER_REF_BYTES,
    SIGNATURE_BYTES,
    check_octets,
    whole,
)

TAG = b"btt-speed/1 receipt\0"
HUB_ID_AT = 20  # where it begins
RECEIPT_BYTES = 170
SIGNED_RECEIPT_BYTES = RECEIPT_BYTES + SIGNATURE_BYTES
MARKET_ASSETS = (Asset.TRC10, Asset.TRC20)
_LAYOUT = struct.Struct(">20s20sII16s16s33s33sQQQ")
assert _LAYOUT.size == RECEIPT_BYTES
assert len(TAG) == HUB_ID_AT


class SpeedNetwork(IntEnum):
    """The chain behind a hub's money, as receipts number them."""

    MAINNET = 1
    NILE = 2
    DEVNET = 3


NETWORK_NUMBERS = {
    MAINNET.name: SpeedNetwork.MAINNET,
    NILE.name: SpeedNetwork.NILE,
    DEVNET.name: SpeedNetwork.DEVNET,
}  # by what WALLET_NETWORK says


class BadReceipt(ValueError):
    """This is no receipt of a hub's: what is wrong stands in the text."""


@dataclass(frozen=True, slots=True)
class Receipt:
    hub_id: bytes
    network: SpeedNetwork
    asset: Asset  # TRC10 or TRC20
    channel: bytes
    payer_ref: bytes  # one for all keys of an account towards one payee, see payer_ref()
    payer_key: bytes
    payee_key: bytes
    amount_ubtt: int  # all that was ever put in
    opened_at_s: int  # unix seconds of the hub
    expires_at_s: int

    def encode(self) -> bytes:
        """Return the 170 bytes; raises ValueError for what does not fit them."""
        return b"".join(
            (
                TAG,
                check_octets("hub_id", self.hub_id, ID_BYTES),
                whole("network", int(self.network), 4),
                whole("asset", int(self.asset), 4),
                check_octets("channel", self.channel, CHANNEL_BYTES),
                check_octets("payer_ref", self.payer_ref, PAYER_REF_BYTES),
                check_octets("payer_key", self.payer_key, KEY_BYTES),
                check_octets("payee_key", self.payee_key, KEY_BYTES),
                whole("amount_ubtt", self.amount_ubtt),
                whole("opened_at_s", self.opened_at_s),
                whole("expires_at_s", self.expires_at_s),
            )
        )

    def signed(self, signature: bytes) -> bytes:
        """Return what a bid carries: the 170 bytes with the hub's 65 behind them."""
        return self.encode() + check_octets("signature", signature, SIGNATURE_BYTES)

    def sign(self, hub_private_key: bytes) -> bytes:
        """Return the 65 bytes of the signature. Raises BadKey."""
        return signing.sign(hub_private_key, self.encode())


def decode_receipt(data: bytes) -> Receipt:
    """Read the 170 bytes; a receipt has one form, so encoding gives them again. Raises BadReceipt."""
    if len(data) != RECEIPT_BYTES:
        raise BadReceipt(f"A receipt has {RECEIPT_BYTES} bytes, this one {len(data)}.")
    tag, hub_id, network, asset, channel, payer_ref, payer_key, payee_key, *numbers = _LAYOUT.unpack(data)
    if tag != TAG:
        raise BadReceipt("This is something else than a receipt.")
    if network not in set(SpeedNetwork) or asset not in MARKET_ASSETS:
        raise BadReceipt(f"There is no network {network} with an asset {asset}.")
    if max(numbers) > MAX_WHOLE:
        raise BadReceipt("An amount or a time is larger than 2⁶³ - 1.")
    return Receipt(hub_id, SpeedNetwork(network), Asset(asset), channel, payer_ref, payer_key, payee_key, *numbers)


def read_receipt(data: bytes, *, hub_key: bytes) -> Receipt:
    """Return the receipt in the 235 bytes that a bid carries, if the hub of that key signed it.

    Whether it is of the network, asset, payer and payee at hand is for the caller to compare. Raises BadReceipt.
    """
    if len(data) != SIGNED_RECEIPT_BYTES:
        raise BadReceipt(f"A signed receipt has {SIGNED_RECEIPT_BYTES} bytes, this one {len(data)}.")
    receipt = decode_receipt(data[:RECEIPT_BYTES])
    if receipt.hub_id != signing.hub_id_of(hub_key):
        raise BadReceipt("This receipt is of another hub.")
    try:
        signing.check(hub_key, data[:RECEIPT_BYTES], data[RECEIPT_BYTES:])
    except signing.BadSignature as problem:
        raise BadReceipt(f"The hub has not signed this receipt: {problem}") from None
    return receipt


def payer_ref(secret: bytes, *, payer: AccountName, payee: AccountName) -> bytes:
    """Return what a hub calls a payer towards a payee: the same for all keys of one account, and telling nothing.

    Only the hub computes it, so only the hub must write accounts in one way: asset, kind and ref behind their length.
    """
    accounts = b"".join(
        whole("asset", int(account.asset), 4)
        + whole("kind", int(account.kind), 4)
        + whole("length", len(account.ref), 2)
        + account.ref.encode()
        for account in (payer, payee)
    )
    return hmac.digest(secret, accounts, "sha256")[:PAYER_REF_BYTES]
