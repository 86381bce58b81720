"""The hub's API in JSON: its values as the hub writes them, and as a client reads them from somebody it may not trust.

Bytes are lower-case hexadecimal text, amounts and times whole numbers. Fields that nobody knows are left alone.
"""

from collections.abc import Mapping
from typing import TypeVar

from wallet.domain.channels import GRACE, LEAST_UBTT, MAX_LIFE, MAX_VOUCHERS, MIN_LIFE, MOST_OPEN
from wallet.domain.hub import (
    MAX_OFFERS,
    OFFER_LIFE_S,
    ChannelState,
    HubAccount,
    HubChannel,
    HubEntry,
    HubInfo,
    HubStatement,
    Offer,
    Redeemed,
    Redemption,
    Refusal,
    SignedVoucher,
)
from wallet.domain.json_fields import BadJson, Json, flag, obj, octets, rows, text, whole

Value = TypeVar("Value")
MAX_TEXT_CHARS = 300  # of a stranger's words that are passed on
LIMITS: Mapping[str, int] = {
    "least_life_s": int(MIN_LIFE.total_seconds()),
    "most_life_s": int(MAX_LIFE.total_seconds()),
    "grace_s": int(GRACE.total_seconds()),
    "least_ubtt": LEAST_UBTT,
    "most_open": MOST_OPEN,
    "vouchers": MAX_VOUCHERS,
    "offers": MAX_OFFERS,
    "offer_life_s": OFFER_LIFE_S,
}


def info_json(info: HubInfo, signature: bytes) -> Json:
    return {
        "key": info.key.hex(),
        "network": info.network,
        "asset": info.asset,
        "fee_ppm": info.fee_ppm,
        "limits": dict(LIMITS),
        "time": info.time_s,
        "sig": signature.hex(),
    }


def account_json(account: HubAccount) -> Json:
    return {
        "account": account.account,
        "available_ubtt": account.available_ubtt,
        "in_channels_ubtt": account.in_channels_ubtt,
        "daily_limit_ubtt": account.daily_limit_ubtt,
        "left_today_ubtt": account.left_today_ubtt,
        "earns": account.earns,
    }


def read_account(given: object) -> HubAccount:
    found = obj(given, "accounts")
    return HubAccount(
        account=text(found, "account"),
        available_ubtt=whole(found, "available_ubtt"),
        in_channels_ubtt=whole(found, "in_channels_ubtt"),
        daily_limit_ubtt=whole(found, "daily_limit_ubtt"),
        left_today_ubtt=whole(found, "left_today_ubtt"),
        earns=flag(found, "earns"),
    )


def channel_json(channel: HubChannel) -> Json:
    return {
        "id": channel.id,
        "state": channel.state,
        "account": channel.account,
        "payer": channel.payer,
        "payee": channel.payee,
        "amount_ubtt": channel.amount_ubtt,
        "redeemed_ubtt": channel.redeemed_ubtt,
        "fee_ppm": channel.fee_ppm,
        "opened_at": channel.opened_at_s,
        "expires_at": channel.expires_at_s,
        "receipt": channel.receipt.hex() or None,
        "signed": channel.is_signed,
    }


def read_channel(given: object) -> HubChannel:
    found = obj(given, "channel")
    return HubChannel(
        id=octets(found, "id", exactly=16).hex(),
        state=_one_of(ChannelState, found, "state"),
        account=text(found, "account"),
        payer=octets(found, "payer", exactly=33).hex(),
        payee=octets(found, "payee", exactly=33).hex(),
        amount_ubtt=whole(found, "amount_ubtt"),
        redeemed_ubtt=whole(found, "redeemed_ubtt"),
        fee_ppm=whole(found, "fee_ppm", most=1_000_000),
        opened_at_s=whole(found, "opened_at"),
        expires_at_s=whole(found, "expires_at"),
        receipt=b"" if found.get("receipt") is None else octets(found, "receipt", exactly=235),
        is_signed=flag(found, "signed"),
    )


def voucher_json(voucher: SignedVoucher) -> Json:
    return {
        "channel": voucher.channel,
        "cumulative_ubtt": voucher.cumulative_ubtt,
        "sig": voucher.signature.hex(),
    }


def read_voucher(given: object, field: str = "vouchers") -> SignedVoucher:
    found = obj(given, field)
    channel = octets(found, "channel", exactly=16).hex()
    return SignedVoucher(channel, whole(found, "cumulative_ubtt"), octets(found, "sig", exactly=65))


def redeemed_json(redeemed: Redeemed) -> Json:
    return {
        "channel": redeemed.channel,
        "outcome": redeemed.outcome,
        "paid_ubtt": redeemed.paid_ubtt,
        "redeemed_ubtt": redeemed.redeemed_ubtt,
        "code": redeemed.code,
        "text": redeemed.text,
    }


def read_redeemed(given: object) -> Redeemed:
    found = obj(given, "vouchers")
    return Redeemed(
        channel=octets(found, "channel", exactly=16).hex(),
        outcome=_one_of(Redemption, found, "outcome"),
        paid_ubtt=whole(found, "paid_ubtt"),
        redeemed_ubtt=whole(found, "redeemed_ubtt"),
        code=None if found.get("code") is None else refusal_of(found.get("code")),
        text=text(found, "text", most=MAX_TEXT_CHARS),
    )


def entry_json(entry: HubEntry) -> Json:
    return {
        "sequence": entry.sequence,
        "channel": entry.channel,
        "kind": entry.kind,
        "amount_ubtt": entry.amount_ubtt,
        "in": entry.is_in,
        "cause": entry.cause,
        "at": entry.at_s,
        "seal": {"number": entry.seal_number, "hash": entry.seal_hash},
        "proof": entry.proof,
    }


def statement_json(statement: HubStatement) -> Json:
    return {"entries": [entry_json(entry) for entry in statement.entries], "more": statement.more}


def read_statement(given: object, *, most: int) -> HubStatement:
    found = obj(given)
    return HubStatement(tuple(map(_read_entry, rows(found, "entries", most=most))), flag(found, "more"))


def _read_entry(found: Json) -> HubEntry:
    seal = obj(found.get("seal"), "seal")
    return HubEntry(
        sequence=whole(found, "sequence"),
        channel=octets(found, "channel", exactly=16).hex(),
        kind=text(found, "kind"),
        amount_ubtt=whole(found, "amount_ubtt"),
        is_in=flag(found, "in"),
        cause=text(found, "cause", most=120),
        at_s=whole(found, "at"),
        seal_number=whole(seal, "number"),
        seal_hash=octets(seal, "hash", exactly=32).hex(),
        proof=obj(found.get("proof"), "proof"),
    )


def read_offer(given: object) -> Offer:
    found = obj(given, "offers")
    return Offer(text(found, "address"), whole(found, "port", most=65_535))


def refusal_of(code: object) -> Refusal:
    """Return the refusal of that code; a code that a newer hub has, and we not, is a plain refusal."""
    return Refusal(code) if isinstance(code, str) and code in set(Refusal) else Refusal.REFUSED


def _one_of(kind: type[Value], given: Json, field: str) -> Value:
    try:
        return kind(given.get(field))  # type: ignore[call-arg]  # kinds are enumerations of text
    except ValueError:
        raise BadJson(field, "one of its words") from None
