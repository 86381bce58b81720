"""May this receipt be signed? Pure decisions over what is asked for and what was signed before for its channel.

Whoever asks is not believed: a channel has one receipt of each version, later ones never promise less, or less long,
and all of a day together stay below a limit of the signer's own.
"""

from collections import deque
from dataclasses import dataclass, replace

from wallet.domain.accounts import AccountKind, BadAccountName, check_account_name
from wallet.domain.channels import MAX_LIFE
from wallet.domain.speed1.hub_request import MAX_CLOCK_GAP_S
from wallet.domain.speed1.receipt import MARKET_ASSETS, NETWORK_NUMBERS, Receipt, payer_ref
from wallet.domain.speed1.signing import BadKey, check_public_key, hub_id_of
from wallet.signer.hub_keys import HubSecrets
from wallet.signer.protocol import ReceiptRequest, SignerConflict, SignerLimited, SignerRefused

DAY_MS = 86_400_000
_LONGEST_S = int(MAX_LIFE.total_seconds())


@dataclass(frozen=True)
class SignedReceipt:
    """A version that was signed."""

    version: int
    receipt: Receipt


class Day:
    """What receipts of the last 24 hours have promised, in all."""

    def __init__(self) -> None:
        self._promises: deque[tuple[int, int]] = deque()
        self._total_ubtt = 0

    def add(self, amount_ubtt: int, *, at_ms: int) -> None:
        self._promises.append((at_ms, amount_ubtt))
        self._total_ubtt += amount_ubtt

    def total_ubtt(self, *, now_ms: int) -> int:
        while self._promises and self._promises[0][0] <= now_ms - DAY_MS:
            self._total_ubtt -= self._promises.popleft()[1]
        return self._total_ubtt


def receipt_of(request: ReceiptRequest, network: str, secrets: HubSecrets) -> Receipt:
    """Return the receipt that was asked for; raises SignerRefused for what can be none."""
    try:
        check_account_name(request.payer)
        check_account_name(request.payee)
        check_public_key(request.payer_key)
        check_public_key(request.payee_key)
    except (BadAccountName, BadKey) as problem:
        raise SignerRefused(f"this is no receipt of ours: {problem or 'a key is none'}") from None
    sides = (request.payer, request.payee)
    if request.asset not in MARKET_ASSETS or any(side.asset is not request.asset for side in sides):
        raise SignerRefused("payer, payee and receipt are not of one market asset")
    if request.payer.kind is not AccountKind.USER or request.payer == request.payee:
        raise SignerRefused("a receipt is for a user who pays somebody else")
    if request.payee.kind not in (AccountKind.USER, AccountKind.EARNINGS):
        raise SignerRefused("a receipt is for what a user or a node earns")
    return Receipt(
        hub_id=hub_id_of(secrets.public_key),
        network=NETWORK_NUMBERS[network],
        asset=request.asset,
        channel=bytes.fromhex(request.channel),
        payer_ref=payer_ref(secrets.payers.reveal(), payer=request.payer, payee=request.payee),
        payer_key=request.payer_key,
        payee_key=request.payee_key,
        amount_ubtt=request.amount_ubtt,
        opened_at_s=request.opened_at_s,
        expires_at_s=request.expires_at_s,
    )


def check_version(version: int, receipt: Receipt, newest: SignedReceipt | None, *, now_s: int) -> int:
    """Return how much more it promises than the newest that was signed; raises SignerRefused, SignerConflict."""
    if not receipt.expires_at_s - receipt.opened_at_s > 0:
        raise SignerRefused("it expires before it opens")
    if receipt.expires_at_s > now_s + _LONGEST_S + MAX_CLOCK_GAP_S:
        raise SignerRefused("it runs for more than seven days from now")
    if receipt.amount_ubtt < 1:
        raise SignerRefused("there is nothing in the channel")
    if newest is None:
        return receipt.amount_ubtt
    if version == newest.version:
        raise SignerConflict(f"version {version} of this channel was signed before, and says something else")
    if version < newest.version:
        raise SignerRefused(f"version {version} of this channel comes after version {newest.version}, which was signed")
    grown = replace(newest.receipt, amount_ubtt=receipt.amount_ubtt, expires_at_s=receipt.expires_at_s)
    if grown != receipt:
        raise SignerRefused("the channel is another one than it was: only amount and expiry may grow")
    if receipt.amount_ubtt < newest.receipt.amount_ubtt or receipt.expires_at_s < newest.receipt.expires_at_s:
        raise SignerRefused("a later receipt never promises less, or less long")
    return receipt.amount_ubtt - newest.receipt.amount_ubtt


def check_day(growth_ubtt: int, day: Day, *, most_ubtt: int, now_ms: int) -> None:
    """Raise SignerLimited when it is more than receipts may promise within a day."""
    if day.total_ubtt(now_ms=now_ms) + growth_ubtt > most_ubtt:
        raise SignerLimited(f"with it receipts would promise more than {most_ubtt} µ in a day; ask again later")
