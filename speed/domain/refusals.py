"""Why a bid got no lane, in the words of the wire, and which of these words end a deal."""

from enum import StrEnum


class Reason(StrEnum):
    PRICE_TOO_LOW = "price_too_low"  # the round's price is above this bid's ceiling, or the torrent's ask is
    NO_CAPACITY = "no_capacity"  # the ceiling was met, but nothing was left at it
    UNPAID = "unpaid"  # the credit window is used up: a voucher opens it again
    CHANNEL_LOW = "channel_low"  # little money or time is left in the channel: a top-up helps
    BAD_RECEIPT = "bad_receipt"  # no channel that this hub vouches for, or one of another deal
    NOT_SELLING = "not_selling"
    SHARED_ADDRESS = "shared_address"  # somebody else behind the buyer's address uses its lane up
    METERS_DISAGREE = "meters_disagree"  # too much was sent that the buyer does not count
    BUSY = "busy"  # too many deals, or all lanes are waiting for a connection to go


# After these the deal is over; after all others its bid stands and is tried again in the next round.
ENDING = frozenset({Reason.BAD_RECEIPT, Reason.NOT_SELLING, Reason.SHARED_ADDRESS, Reason.METERS_DISAGREE})
