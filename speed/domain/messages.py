"""The messages of Speed/1, one frozen value per type, and their text on the wire (docs/speed-protocol.md, messages).

Who says what stands at each class. What a peer may say at which time is not decided here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from speed.domain.frames import BadFrame, Many, Octets, OneOf, Shape, Text, Truth, Whole, dump, load
from speed.domain.refusals import Reason
from speed.domain.rounds import DEAL_BYTES, LEAF_BYTES, SALT_BYTES, PublishedBid

VERSION = 1
MIN_PRICE_UBTT_PER_GIB = 4_096  # 4 MiB cost at least 16 µBTT
MAX_PRICE_UBTT_PER_GIB = 2**40
PPM = 1_000_000
MAX_HUBS = 16
MAX_PORTS = 16
MAX_ASKED = 64
MAX_DEALS = 32  # of one connection
MAX_ACKS = 4 * MAX_DEALS  # several rounds of each deal
MAX_ROUND_ROWS = 50
MAX_TEXT = 300
SIGNED_RECEIPT_BYTES = 235

Key = Annotated[bytes, Octets(33)]
Nonce = Annotated[bytes, Octets(16)]
Signature = Annotated[bytes, Octets(65)]
TorrentName = Annotated[bytes, Octets(20)]
DealId = Annotated[bytes, Octets(DEAL_BYTES)]
ChannelId = Annotated[bytes, Octets(16)]
Salt = Annotated[bytes, Octets(SALT_BYTES)]
Hash = Annotated[bytes, Octets(32)]
Number = Annotated[int, Whole()]
Price = Annotated[int, Whole(MIN_PRICE_UBTT_PER_GIB, MAX_PRICE_UBTT_PER_GIB)]
LastPrice = Annotated[int, Whole(0, MAX_PRICE_UBTT_PER_GIB)]  # 0: there was no round yet
Sentence = Annotated[str, Text(MAX_TEXT)]


class ErrorCode(StrEnum):
    """What an error says to a program. A peer may know more of them."""

    VERSION = "version"  # another version of the protocol is wanted
    BAD_AUTH = "bad_auth"  # the signature of `auth` is not of that key for this connection
    SELF = "self"  # both ends have one key
    NO_COMMON_HUB = "no_common_hub"  # there is no hub that both trust
    UNKNOWN_TYPE = "unknown_type"
    UNEXPECTED = "unexpected"  # this message has no place here
    UNKNOWN_DEAL = "unknown_deal"
    UNKNOWN_ROUND = "unknown_round"  # not kept, or not to be shown yet
    TOO_MANY = "too_many"  # connections, deals or messages


@dataclass(frozen=True, slots=True)
class Hello:
    """Both, first: who I am, whose money I take, and the ports of my BitTorrent connections."""

    v: Annotated[int, Whole(0, 2**31 - 1)]
    key: Key
    nonce: Nonce
    hubs: Annotated[tuple[bytes, ...], Many(Octets(20), MAX_HUBS)]
    ports: Annotated[tuple[int, ...], Many(Whole(1, 65_535), MAX_PORTS)]


@dataclass(frozen=True, slots=True)
class Auth:
    """Both, second: this connection is that key's."""

    sig: Signature


@dataclass(frozen=True, slots=True)
class Ask:
    """Buyer: which of these do you sell, at what price? One quote follows for each that is for sale."""

    torrents: Annotated[tuple[bytes, ...], Many(Octets(20), MAX_ASKED)]


@dataclass(frozen=True, slots=True)
class Quote:
    """Seller: this torrent is for sale. No answer means that it is not."""

    torrent: TorrentName
    ask_ubtt_per_gib: Price
    last_price_ubtt_per_gib: LastPrice
    for_sale_bytes_per_s: Number
    bidders: Number
    free_share_ppm: Annotated[int, Whole(0, PPM)]
    round_s: Annotated[int, Whole(1, 3_600)]
    valid_until: Number


@dataclass(frozen=True, slots=True)
class Bid:
    """Buyer: what I would pay, standing until changed. Spend 0 pauses the deal."""

    deal: DealId
    torrent: TorrentName
    max_price_ubtt_per_gib: Price
    spend_ubtt_per_s: Number
    useful_bytes_per_s: Number
    receipt: Annotated[bytes, Octets(SIGNED_RECEIPT_BYTES)]


@dataclass(frozen=True, slots=True)
class Grant:
    """A lane that is open for one round."""

    deal: DealId
    round: Number
    speed_bytes_per_s: Number
    price_ubtt_per_gib: Price
    salt: Salt
    until: Number  # for display


@dataclass(frozen=True, slots=True)
class Grants:
    """Seller, at most once a round."""

    grants: Annotated[tuple[Grant, ...], Many(Shape(Grant), MAX_DEALS)]
    bids_hash: Hash


@dataclass(frozen=True, slots=True)
class Refuse:
    """Seller: no lane; free service goes on. Salt and hash are there if the bid was a row of the round."""

    deal: DealId
    round: Number
    price_ubtt_per_gib: LastPrice
    reason: Annotated[Reason, OneOf(Reason)]
    salt: Salt | None = None
    bids_hash: Hash | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """What the seller counts of one deal: information, never a bill that must be believed."""

    deal: DealId
    sent_bytes: Number
    owed_ubtt: Number
    accepted_ubtt: Number


@dataclass(frozen=True, slots=True)
class Meters:
    """Seller, at most once a second."""

    meters: Annotated[tuple[Meter, ...], Many(Shape(Meter), MAX_DEALS)]


@dataclass(frozen=True, slots=True)
class SignedTotal:
    """The payer's signed promise: all that the channel has owed so far."""

    channel: ChannelId
    cumulative_ubtt: Number
    sig: Signature


@dataclass(frozen=True, slots=True)
class Ack:
    """All that the buyer has accepted in a deal under one round's grant; the newest wins."""

    deal: DealId
    round: Number
    received_bytes: Number


@dataclass(frozen=True, slots=True)
class Vouchers:
    """Buyer: money, and the bytes it is for. A lower or equal total is ignored."""

    vouchers: Annotated[tuple[SignedTotal, ...], Many(Shape(SignedTotal), MAX_DEALS)]
    acks: Annotated[tuple[Ack, ...], Many(Shape(Ack), MAX_ACKS)]


@dataclass(frozen=True, slots=True)
class State:
    """Seller, after `auth`: the newest voucher of each open channel of that key."""

    vouchers: Annotated[tuple[SignedTotal, ...], Many(Shape(SignedTotal), MAX_DEALS)]


@dataclass(frozen=True, slots=True)
class Audit:
    """Either: show me a round's rows behind this leaf (none: from the first)."""

    round: Number
    after: Annotated[bytes, Octets(LEAF_BYTES)] | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """The answer to an audit; `more` rows follow when asked for behind the last leaf."""

    round: Number
    ask: Number
    for_sale: Number
    price: Number
    bids: Annotated[tuple[PublishedBid, ...], Many(Shape(PublishedBid), MAX_ROUND_ROWS)]
    more: Annotated[bool, Truth()]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Either: this deal is over; the last voucher follows."""

    deal: DealId


@dataclass(frozen=True, slots=True)
class Bye:
    """Either: the connection is over, and so are its deals, after their last vouchers."""

    reason: Sentence


@dataclass(frozen=True, slots=True)
class Error:
    """Either: that was not understood, or not taken."""

    code: Annotated[str, Text(32)]
    text: Sentence


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of a type that this version does not know: it is answered with an error, and nothing else happens."""

    t: Annotated[str, Text(32)]


Message = (
    Hello | Auth | Ask | Quote | Bid | Grants | Refuse | Meters | Vouchers | State | Audit | Round | Withdraw | Bye
    | Error | Unknown
)  # fmt: skip
_NAMES: dict[type[Any], str] = {
    Hello: "hello",
    Auth: "auth",
    Ask: "ask",
    Quote: "quote",
    Bid: "bid",
    Grants: "grant",
    Refuse: "refuse",
    Meters: "meter",
    Vouchers: "voucher",
    State: "state",
    Audit: "audit",
    Round: "round",
    Withdraw: "withdraw",
    Bye: "bye",
    Error: "error",
}
SHAPES: dict[str, Shape[Any]] = {name: Shape(made) for made, name in _NAMES.items()}
_TYPE = Text(32)


def parse(text: str) -> Message:
    """Return the message of a text frame, Unknown for a type of a later day. Raises BadFrame for all else."""
    frame = load(text)
    name = _TYPE.read(frame.get("t"), "t")
    shape = SHAPES.get(name)
    if shape is None:
        return Unknown(name)
    message: Message = shape.read(frame, name)
    return message


def encode(message: Message) -> str:
    """Return the text frame. Raises BadFrame for what no peer would read: too large, or a number out of its range."""
    name = _NAMES[type(message)]
    written = SHAPES[name].write(message)
    if SHAPES[name].read(written, name) != message:
        raise BadFrame(f"This {name} cannot be written.")
    return dump({"t": name, **written})


def readable(text: str) -> str:
    """Return a text as a sentence may be: what can be printed, and not too much of it."""
    return "".join(letter for letter in text if letter.isprintable())[:MAX_TEXT]
