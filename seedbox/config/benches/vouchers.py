"""How many vouchers a seller takes: its whole path from the text of a frame on, beside bare recovery of keys.

Both in one process, in turns, per second of its processor: medians over the rounds. `per_gib` counts the payment
messages of the first GiB that a stranger buys, as the rules for when one is due have it.
"""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from hashlib import sha256
from statistics import median

from coincurve import PublicKey

from speed.domain.credit import is_voucher_due, window
from speed.domain.messages import MAX_DEALS, Ack, SignedTotal, Vouchers, encode, parse
from speed.domain.meters import Tally, covers
from speed.domain.vouchers import OpenChannel, accept
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.keys import public_key_of

FRAMES = 40
ROUNDS = 7
PRICE_UBTT_PER_GIB = 60_000_000
ACKED_BYTES = 8 * 2**20
STEP_BYTES = 64 * 1024
_PAYER, _PAYEE, _HUB = (sha256(name).digest() for name in (b"payer", b"payee", b"hub"))


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=ROUNDS)


def run(*, rounds: int, say: Callable[[str], None]) -> dict[str, float]:
    """Return vouchers accepted and keys recovered a second, their ratio, and the payment messages of a GiB."""
    channels = {bytes([number]) * 16: _channel(bytes([number]) * 16) for number in range(MAX_DEALS)}
    say(f"signing {FRAMES * MAX_DEALS:,} vouchers of {MAX_DEALS} deals")
    frames = [_frame(channels, number) for number in range(1, FRAMES + 1)]
    digests = [
        (sha256(channels[total.channel].voucher(total.cumulative_ubtt).encode()).digest(), total.sig)
        for frame in frames
        for total in frame.vouchers
    ]
    texts = [encode(frame) for frame in frames]
    accepted, recovered = [], []
    for number in range(rounds):
        accepted.append(_accept_per_s(texts, channels))
        recovered.append(_recover_per_s(digests))
        say(f"round {number + 1}: {accepted[-1]:,.0f} accepted, {recovered[-1]:,.0f} recovered")
    return {
        "accept_per_s": round(median(accepted)),
        "recover_per_s": round(median(recovered)),
        "ratio": round(median(ours / bare for ours, bare in zip(accepted, recovered, strict=True)), 2),
        "per_gib": messages_per_gib(),
    }


def messages_per_gib() -> int:
    return messages_per(2**30)


def messages_per(size_bytes: int) -> int:
    """Return how often a stranger pays while it buys its first bytes, as soon as each payment is due."""
    paid_bytes = unpaid_bytes = count = 0
    for _ in range(size_bytes // STEP_BYTES):
        unpaid_bytes += STEP_BYTES
        if is_voucher_due(
            unpaid_bytes=unpaid_bytes,
            window_bytes=window(paid_bytes),
            owed_ubtt=1,
            signed_ubtt=0,
            since_last_ms=0,
            is_last=False,
        ):
            paid_bytes, unpaid_bytes, count = paid_bytes + unpaid_bytes, 0, count + 1
    return count


def _channel(channel: bytes) -> OpenChannel:
    return OpenChannel(hub_id_of(public_key_of(_HUB)), channel, public_key_of(_PAYER), public_key_of(_PAYEE), 2**62)


def _frame(channels: dict[bytes, OpenChannel], number: int) -> Vouchers:
    """Return the frame in which each deal pays for one more round."""
    tally = _tally(number)
    totals = [
        SignedTotal(key, tally.owed_ubtt, channel.voucher(tally.owed_ubtt).sign(_PAYER))
        for key, channel in channels.items()
    ]
    acks = [Ack(deal, number, ACKED_BYTES) for deal in channels]
    return Vouchers(tuple(totals), tuple(acks))


def _tally(number: int) -> Tally:
    tally = Tally()
    for round_number in range(1, number + 1):
        tally = tally.opened(round_number, PRICE_UBTT_PER_GIB).counted(round_number, ACKED_BYTES)
    return tally


def _accept_per_s(texts: list[str], channels: dict[bytes, OpenChannel]) -> float:
    """Read the frames, count their acks, check and compare their vouchers; each must cover what it acknowledges."""
    known = dict(channels)
    tallies = {deal: Tally() for deal in channels}
    count = 0
    began_s = time.process_time()
    for text in texts:
        frame = parse(text)
        assert isinstance(frame, Vouchers)
        for ack in frame.acks:
            opened = tallies[ack.deal].opened(ack.round, PRICE_UBTT_PER_GIB)  # as the seller's grant has done
            tallies[ack.deal] = opened.counted(ack.round, ack.received_bytes)
        newer, _ = accept(known, frame.vouchers)
        known |= newer
        count += sum(covers(channel.cumulative_ubtt, tallies[key]) for key, channel in newer.items())
    took_s = time.process_time() - began_s
    assert count == len(texts) * len(channels), "a good voucher was not accepted"
    return count / took_s


def _recover_per_s(digests: list[tuple[bytes, bytes]]) -> float:
    began_s = time.process_time()
    for digest, signature in digests:
        PublicKey.from_signature_and_message(signature, digest, hasher=None)
    return len(digests) / (time.process_time() - began_s)
