"""What a hub and those who call it say to each other, as values: the own hub and a foreign one speak in the same.

Ids of channels and Speed keys are lower-case hexadecimal text, as in the books; receipts and signatures are bytes.
Times are whole unix seconds of the hub's clock.
"""

from dataclasses import dataclass
from enum import StrEnum

MAX_KEY_CHARS = 64  # of an idempotency key: printable ASCII
MAX_OFFERS = 1_000  # of one call
OFFER_LIFE_S = 1_800
MAX_WAIT_S = 5  # that a caller may wait for a channel to open
PAGE_ENTRIES = 50  # of a statement


class Refusal(StrEnum):
    """Why a hub did not do it. Under the same key it is refused again, but for those below."""

    BAD_REQUEST = "bad_request"  # malformed: nothing was done, and its key is not used up
    NOT_SIGNED = "not_signed"  # the request is not, or by another key, or for another hub
    STALE = "stale"  # the request's time is too far from the hub's: ask for `info`, then sign anew
    REPLAYED = "replayed"  # the nonce was used before
    TOO_OFTEN = "too_often"  # wait, then the same again
    LOCKED = "locked"  # the signer is locked, or away: the same again, later
    BUSY = "busy"  # the database is: the same again, later
    NOT_FOUND = "not_found"  # no such call, or channel, or it is somebody else's
    CONFLICT = "conflict"  # the key was used for something else
    BAD_PAIRING = "bad_pairing"  # no such code, or it was used, or its ten minutes are over
    MAY_NOT_EARN = "may_not_earn"  # the pairing code does not let the key earn for its account
    EARNS_ELSEWHERE = "earns_elsewhere"  # the key earns for another account already
    NOT_BOUND = "not_bound"  # the account has not bound this key, or has revoked it
    OVER_DAILY_LIMIT = "over_daily_limit"  # of what the account lets this key spend within 24 hours
    UNKNOWN_PAYEE = "unknown_payee"  # no account earns by that key
    OWN_PAYEE = "own_payee"  # payer and payee are one account
    INSUFFICIENT = "insufficient"  # the account does not have that much available
    FROZEN = "frozen"  # an operator has frozen the account
    UNKNOWN_CHANNEL = "unknown_channel"
    BAD_SIGNATURE = "bad_signature"  # the voucher does not bear that of the channel's payer
    OVER_AMOUNT = "over_amount"  # the voucher promises more than the channel holds
    CLOSED = "closed"
    EXPIRED = "expired"
    TOO_MANY_CHANNELS = "too_many_channels"  # of this key and account are open
    NOT_THE_PAYEE = "not_the_payee"  # only the payee closes a channel
    NOT_THE_PAYER = "not_the_payer"  # only the payer tops one up
    NO_ADDRESS = "no_address"  # the hub does not know from where an offer comes
    REFUSED = "refused"  # by the ledger, for another reason


# Nothing was decided: an earlier try under the same key may have been done all the same. Ask again.
UNDECIDED = frozenset(
    {Refusal.NOT_SIGNED, Refusal.STALE, Refusal.REPLAYED, Refusal.TOO_OFTEN, Refusal.LOCKED, Refusal.BUSY}
)


class HubRefused(Exception):
    """The hub says no: `text` is a sentence, `code` tells a program why."""

    def __init__(self, code: Refusal, text: str, *, wait_s: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.wait_s = wait_s  # before the same is worth asking again; 0: never, or at once


class ChannelState(StrEnum):
    OPENING = "opening"  # the money is in it, the hub's signature is not there yet
    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class HubInfo:
    """What a hub says of itself, signed, so that nobody else can say it."""

    hub_id: bytes  # 20: the end of the hash of its key
    key: bytes  # 33
    network: int  # as receipts have it: 1 mainnet, 2 nile, 3 devnet
    asset: int
    fee_ppm: int  # of what is redeemed, for channels that open now
    time_s: int


@dataclass(frozen=True)
class HubAccount:
    """An account that a Speed key may spend from or earns for."""

    account: str  # what the hub calls it
    available_ubtt: int
    in_channels_ubtt: int  # paid in by this key and not redeemed, in channels that are open
    daily_limit_ubtt: int  # that this key may open and top up with in 24 hours; 0: it spends nothing
    left_today_ubtt: int
    earns: bool  # vouchers to this key are paid to it


@dataclass(frozen=True)
class HubChannel:
    """A channel as its payer and its payee see it."""

    id: str
    state: ChannelState
    account: str  # of the payer; "" for the payee, whom it does not concern
    payer: str  # Speed key
    payee: str
    amount_ubtt: int
    redeemed_ubtt: int
    fee_ppm: int  # of what is redeemed: the payee has redeemed - floor(redeemed · fee_ppm / 10⁶)
    opened_at_s: int
    expires_at_s: int
    receipt: bytes  # 170 bytes and the signature: the newest that is signed; b"" while there is none
    is_signed: bool  # the receipt says what the channel holds now: nothing newer waits for the signer


@dataclass(frozen=True)
class SignedVoucher:
    """A payer's promise with its signature, as it came."""

    channel: str
    cumulative_ubtt: int
    signature: bytes


class Redemption(StrEnum):
    PAID = "paid"
    UNCHANGED = "unchanged"  # that much, or more, was paid before
    REFUSED = "refused"


@dataclass(frozen=True)
class Redeemed:
    """What became of one voucher."""

    channel: str
    outcome: Redemption
    paid_ubtt: int  # out of the channel by this voucher, fee included
    redeemed_ubtt: int  # out of the channel in all, as it is now; 0 where it is not the caller's
    code: Refusal | None = None  # why it was refused
    text: str = ""


@dataclass(frozen=True)
class HubEntry:
    """A sealed transfer into or out of a channel of the caller's key."""

    sequence: int  # grows; ask on with the last one
    channel: str
    kind: str  # channel opened, channel topped up, voucher, fee, channel closed, channel expired
    amount_ubtt: int
    is_in: bool  # into the channel
    cause: str
    at_s: int
    seal_number: int
    seal_hash: str
    proof: dict[str, object]  # of inclusion, as `manage.py proof` checks it


@dataclass(frozen=True)
class HubStatement:
    """Entries in the order of their sequence; `more`: there are further ones already."""

    entries: tuple[HubEntry, ...]
    more: bool


@dataclass(frozen=True)
class Offer:
    """Where somebody says to sell a private torrent."""

    address: str
    port: int
