"""What of Speed/1 moves money, as bytes: vouchers, receipts, requests to a hub and what a hub says of itself.

docs/speed-protocol.md has the layouts. All numbers are big-endian; what is signed is the SHA-256 of the bytes.
"""
