"""Times and amounts of Speed/1 that a seller keeps to. docs/speed-protocol.md gives the reasons."""

MIB, GIB = 1 << 20, 1 << 30

LEAST_FREE_SHARE_PPM = 200_000  # of the upload limit: what is never sold
PEERS_FRESH_S = 5.0  # after that a look at a torrent's peers says nothing of now
QUOTE_LIFE_S = 60
RESUME_S = 600  # a deal whose connection is lost waits for so long
LAST_VOUCHER_S = 10  # after `withdraw` or `bye`
SERVE_UNTIL_S = 120  # before a channel expires: then nothing is served on it any more
DEBT_S = 7 * 24 * 3_600

COVERED_BYTES = 64 * MIB  # what a channel has to pay for at the bid's ceiling, or all of the torrent
MAX_BIDS = 1_000  # of one node's round
MAX_ANNOUNCED = 500
REDEEM_PPM = 800_000  # of a channel's amount or life: then its newest voucher is redeemed
