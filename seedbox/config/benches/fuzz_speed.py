"""What another node of the market may say: frames, and the receipts in them."""

from seedbox.config.benches import fuzz_mutations as mutations
from seedbox.config.benches.fuzz_mutations import Target
from speed.domain.frames import MAX_FRAME_BYTES, BadFrame
from speed.domain.messages import Bye, Error, Refuse, Unknown, encode, parse
from wallet.domain.speed1.receipt import BadReceipt, decode_receipt, read_receipt
from wallet.domain.tron.keys import public_key_of

_HUB_KEY = public_key_of(bytes(31) + b"\x01")


def speed_frame(data: bytes) -> None:
    message = parse(data.decode(errors="surrogateescape"))
    if isinstance(message, Unknown):
        assert message.t.isprintable(), "a name that no log can show"
        return
    written = encode(message)
    assert len(written.encode()) <= MAX_FRAME_BYTES, "a message that can't be sent again"
    assert parse(written) == message, "a message that means something else the second time"
    if isinstance(message, Bye | Error | Refuse):
        text = {Bye: "reason", Error: "text", Refuse: "reason"}[type(message)]
        assert str(getattr(message, text)).isprintable(), "words that no page can show"


def speed_receipt(data: bytes) -> None:
    try:
        read_receipt(data, hub_key=_HUB_KEY)
        raise AssertionError("a receipt that the hub has not signed")
    except BadReceipt:
        assert decode_receipt(data[:170]).encode() == data[:170], "a receipt with two forms"


SPEED_TARGETS = (
    Target(
        "speed_frame",
        speed_frame,
        mutations.mutate_json,
        (BadFrame,),
        (b"grant", b"voucher", b"bids_hash", b"received_bytes", b"unpaid", b"ab" * 16, b"cd" * 32),
    ),
    Target(
        "speed_receipt",
        speed_receipt,
        mutations.mutate_bytes,
        (BadReceipt,),
        (b"btt-speed/1 receipt\0", b"\0\0\0\x02", b"\xff" * 8),
    ),
)
