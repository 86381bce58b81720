"""What the signer does for the hub: receipts, and what the hub says of itself. The hub's keys sign nothing else."""

from pathlib import Path
from typing import Any

from wallet.domain.channels import MAX_VERSIONS
from wallet.domain.money import Asset
from wallet.domain.speed1.hub_info import HubInfo
from wallet.domain.speed1.hub_request import is_timely
from wallet.domain.speed1.receipt import NETWORK_NUMBERS, RECEIPT_BYTES, decode_receipt
from wallet.domain.speed1.signing import hub_id_of
from wallet.signer import hub_keys, receipts
from wallet.signer.hub_keys import HubSecrets
from wallet.signer.keystore import Purpose
from wallet.signer.protocol import InfoRequest, ReceiptRequest, SignerRefused
from wallet.signer.receipts import Day, SignedReceipt
from wallet.signer.secret import Secret
from wallet.signer.store import Entry, Kind, Store

_DIGITS = len(str(MAX_VERSIONS))


def open_desk(seed: Secret | None, key: Secret, keys: Path, network: str) -> "HubDesk | None":
    """Return the desk; a keystore from before there were hubs gets a secret for it. Raises WrongKey, BadKeystore."""
    if seed is None:
        try:
            seed = hub_keys.add_seed(keys, key).opened(key)[Purpose.HUB]
        except OSError:  # a disk that can't be written hinders the hub, and not what the chain keys are for
            return None
    with seed:
        return HubDesk(seed, network)


class HubDesk:
    def __init__(self, seed: Secret, network: str) -> None:
        self._network = network
        self._secrets = hub_keys.secrets_from(seed, network)
        self._days = {asset: Day() for asset in self._secrets}

    def forget(self) -> None:
        """Begin to count anew: the store is read again."""
        self._days = {asset: Day() for asset in self._secrets}

    def learn(self, entry: Entry, *, now_ms: int) -> None:
        """Count a receipt of the store, if it is of the last day."""
        if entry.at_ms > now_ms - receipts.DAY_MS:
            fields = entry.fields
            self._days[Asset(fields["asset"])].add(fields["growth_ubtt"], at_ms=entry.at_ms)

    def public_key(self, asset: Asset) -> bytes:
        return self._of(asset).public_key

    def sign_receipt(self, request: ReceiptRequest, store: Store, *, most_ubtt: int, now_ms: int) -> bytes:
        """Return receipt and signature, which are in the store before; raises SignerRefused, SignerLimited."""
        secrets = self._of(request.asset)
        receipt = receipts.receipt_of(request, self._network, secrets)
        try:
            written = receipt.encode()
        except ValueError as problem:
            raise SignerRefused(f"this is no receipt: {problem}") from None
        # The number has leading zeros, so that the newest version is the last by its subject too.
        subject = f"receipt/{request.channel}/{request.version:0{_DIGITS}}"
        before = store.newest(Kind.RECEIPT, subject)
        if before and bytes.fromhex(before.fields["receipt"])[:RECEIPT_BYTES] == written:
            return bytes.fromhex(before.fields["receipt"])
        last = store.last_below(Kind.RECEIPT, f"receipt/{request.channel}")
        newest = _signed(last) if last else None
        growth_ubtt = receipts.check_version(request.version, receipt, newest, now_s=now_ms // 1000)
        receipts.check_day(growth_ubtt, self._days[request.asset], most_ubtt=most_ubtt, now_ms=now_ms)
        signed = receipt.signed(receipt.sign(secrets.key.reveal()))
        body: dict[str, Any] = {"receipt": signed.hex(), "asset": int(request.asset), "growth_ubtt": growth_ubtt}
        self.learn(store.append(Kind.RECEIPT, subject, body, at_ms=now_ms), now_ms=now_ms)
        return signed

    def sign_info(self, request: InfoRequest, *, now_ms: int) -> bytes:
        """Return the signature of what the hub says of itself now; raises SignerRefused."""
        secrets = self._of(request.asset)
        if not is_timely(time_s=request.time_s, now_s=now_ms // 1000):
            raise SignerRefused("the signer's clock says another time: the hub says nothing of itself then")
        info = HubInfo(
            hub_id=hub_id_of(secrets.public_key),
            nonce=request.nonce,
            network=NETWORK_NUMBERS[self._network],
            asset=request.asset,
            fee_ppm=request.fee_ppm,
            time_s=request.time_s,
        )
        try:
            return info.sign(secrets.key.reveal())
        except ValueError as problem:
            raise SignerRefused(f"the hub can't say this of itself: {problem}") from None

    def wipe(self) -> None:
        for secrets in self._secrets.values():
            secrets.key.wipe()
            secrets.payers.wipe()

    def _of(self, asset: Asset) -> HubSecrets:
        try:
            return self._secrets[asset]
        except KeyError:
            raise SignerRefused("there is no hub for this asset") from None


def _signed(entry: Entry) -> SignedReceipt:
    receipt = decode_receipt(bytes.fromhex(entry.fields["receipt"])[:RECEIPT_BYTES])
    return SignedReceipt(int(entry.subject.rpartition("/")[2]), receipt)
