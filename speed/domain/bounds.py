"""Times and amounts of Speed/1 that sellers and buyers keep to. docs/speed-protocol.md gives the reasons."""

LEAST_FREE_SHARE_PPM = 200_000  # of the upload limit: what is never sold
QUOTE_LIFE_S = 60
DEBT_S = 7 * 24 * 3_600  # what is unpaid stays owed for so long
MAX_BIDS = 1_000  # of one node's round
MAX_ANNOUNCED = 500
