"""What the hub asks of the signer, as JSON and back; what does not have the right shape raises BadFrame."""

import re
from typing import Any

from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.channels import MAX_VERSIONS
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import SIGNED_RECEIPT_BYTES
from wallet.domain.speed1.signing import MAX_WHOLE
from wallet.signer.messages import read_bytes, read_text_of
from wallet.signer.protocol import BadFrame, InfoRequest, ReceiptRequest

CHANNEL = re.compile(r"[0-9a-f]{32}", re.ASCII)


def write_receipt_request(request: ReceiptRequest) -> dict[str, Any]:
    return {
        "asset": int(request.asset),
        "channel": request.channel,
        "version": request.version,
        "payer": [int(request.payer.kind), request.payer.ref],
        "payee": [int(request.payee.kind), request.payee.ref],
        "payer_key": request.payer_key.hex(),
        "payee_key": request.payee_key.hex(),
        "amount_ubtt": request.amount_ubtt,
        "opened_at_s": request.opened_at_s,
        "expires_at_s": request.expires_at_s,
    }


def read_receipt_request(message: dict[str, Any]) -> ReceiptRequest:
    asset, channel, version = read_asset(message.get("asset")), read_text_of(message, "channel"), message.get("version")
    if not CHANNEL.fullmatch(channel):
        raise BadFrame("channel: write 32 hexadecimal digits")
    if type(version) is not int or not 0 < version <= MAX_VERSIONS:
        raise BadFrame(f"version: write a whole number from 1 to {MAX_VERSIONS}")
    return ReceiptRequest(
        asset=asset,
        channel=channel,
        version=version,
        payer=_account(message, "payer", asset),
        payee=_account(message, "payee", asset),
        payer_key=read_bytes(message, "payer_key", exactly=33),
        payee_key=read_bytes(message, "payee_key", exactly=33),
        amount_ubtt=_whole(message, "amount_ubtt"),
        opened_at_s=_whole(message, "opened_at_s"),
        expires_at_s=_whole(message, "expires_at_s"),
    )


def write_info_request(request: InfoRequest) -> dict[str, Any]:
    return {
        "asset": int(request.asset),
        "nonce": request.nonce.hex(),
        "fee_ppm": request.fee_ppm,
        "time_s": request.time_s,
    }


def read_info_request(message: dict[str, Any]) -> InfoRequest:
    return InfoRequest(
        asset=read_asset(message.get("asset")),
        nonce=read_bytes(message, "nonce", exactly=16),
        fee_ppm=_whole(message, "fee_ppm"),
        time_s=_whole(message, "time_s"),
    )


def read_asset(given: Any) -> Asset:
    if type(given) is not int or given not in set(Asset):
        raise BadFrame("asset: write the number of one")
    return Asset(given)


def read_key(given: Any) -> bytes:
    return read_bytes({"key": given}, "key", exactly=33)


def read_receipt(given: Any) -> bytes:
    return read_bytes({"receipt": given}, "receipt", exactly=SIGNED_RECEIPT_BYTES)


def _account(message: dict[str, Any], name: str, asset: Asset) -> AccountName:
    match message.get(name):
        case [int(kind), str(ref)] if kind in set(AccountKind):
            return AccountName(asset, AccountKind(kind), ref)
    raise BadFrame(f"{name}: write kind and ref of an account")


def _whole(message: dict[str, Any], name: str) -> int:
    given = message.get(name)
    if type(given) is not int or not 0 <= given <= MAX_WHOLE:
        raise BadFrame(f"{name}: write a whole number from 0 to {MAX_WHOLE}")
    return given
