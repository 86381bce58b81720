"""docs/speed-protocol.md is what other clients are written from: it names all that goes over the wire."""

import re
from typing import Any, get_args

import pytest

from seedbox.config.env import ROOT
from speed.domain import credit, deals, frames, handshake, messages, meters, rounds
from speed.domain.frames import Many, Shape
from speed.domain.refusals import ENDING, Reason
from wallet.domain import channels
from wallet.domain.speed1 import hub_info, hub_request, receipt, voucher

PAPER = (ROOT / "docs" / "speed-protocol.md").read_text()


def section(number: int) -> str:
    return PAPER.split(f"\n## {number}. ")[1].split("\n## ")[0]


def names_of(shape: Shape[Any]) -> list[str]:
    """Return the fields of a message and of what it has many of, as the wire calls them."""
    inner = [kind.kind for _, _, kind, _ in shape.fields if isinstance(kind, Many) and isinstance(kind.kind, Shape)]
    return [theirs for _, theirs, _, _ in shape.fields] + [name for one in inner for name in names_of(one)]


class TestThePaper:
    @pytest.mark.parametrize("name", messages.SHAPES)
    def test_has_every_message_and_its_fields(self, name: str) -> None:
        row = next(line for line in section(5).splitlines() if line.startswith(f"| `{name}` |"))
        # `state` has what `voucher` has.
        missing = [field for field in names_of(messages.SHAPES[name]) if name != "state" and field not in row]
        assert not missing

    def test_has_every_reason_and_what_it_ends(self) -> None:
        rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (over|stands) \|$", section(6), re.MULTILINE))
        assert rows == {reason.value: "over" if reason in ENDING else "stands" for reason in Reason}

    def test_has_every_error(self) -> None:
        assert {f"`{code}`" for code in messages.ErrorCode} <= set(re.findall(r"`\w+`", section(5)))

    def test_has_every_layout_with_its_tag_and_size(self) -> None:
        tags = (voucher.TAG, receipt.TAG, hub_request.TAG, hub_info.TAG)
        assert all(f'"{tag[:-1].decode()}\\0"' in section(12) for tag in tags)
        for size in (voucher.VOUCHER_BYTES, receipt.RECEIPT_BYTES, hub_info.INFO_BYTES):
            assert f"{size} bytes" in section(12)
        hello = handshake.hello(key=bytes(33), nonce=bytes(16), hubs=[], ports=[])
        signed = handshake.auth_bytes(sender=handshake.Role.CALLER, senders=hello, receivers=hello)
        assert f"{len(signed)} bytes" in section(3)

    @pytest.mark.parametrize(
        ("number", "sentence"),
        [
            (1, f"from {messages.MIN_PRICE_UBTT_PER_GIB:,} to 2⁴⁰"),
            (2, f"{frames.MAX_FRAME_BYTES // 1024} KiB"),
            (2, f"| handshake | {handshake.TIME_OUT_S} s |"),
            (2, f"| deals | {messages.MAX_DEALS} of a connection |"),
            (4, f"more than {frames.MAX_NESTED} arrays and objects"),
            (4, f"at most {messages.MAX_TEXT} characters"),
            (6, f"within {deals.LAST_VOUCHER_S} s"),
            (6, f"within {deals.CLOSE_S} s"),
            (6, f"after {deals.SILENCE_S // 60} minutes without"),
            (6, f"ends within {credit.STOP_BEFORE_EXPIRY_S} s"),
            (8, f"{meters.GRANT_LIFE_MS // 1_000} s at most"),
            (8, f"at least the last {meters.ACKED_AGAIN} rounds"),
            (8, f"the last {meters.KEPT_ROUNDS} rounds"),
            (9, f"{credit.STRANGER_WINDOW_BYTES // credit.MIB} MiB + 1 MiB for each whole 16 MiB"),
            (9, f"together owe {credit.STRANGERS_WINDOW_BYTES // credit.MIB} MiB"),
            (9, f"after {credit.VOUCHER_EVERY_MS // 1_000} s"),
            (9, f"the worst of the last {credit.DELAYS_KEPT}"),
            (13, f"a nonce is good once in {hub_request.NONCE_LIFE_S} s"),
            (13, f"opens with {channels.LEAST_UBTT} µBTT"),
            (13, f"may have {channels.MOST_OPEN:,} open"),
            (13, f"when {credit.REDEEM_PERCENT} % of a channel's"),
        ],
    )
    def test_has_the_numbers_that_we_keep_to(self, number: int, sentence: str) -> None:
        assert sentence in " ".join(section(number).split())

    def test_has_all_parts_in_order(self) -> None:
        assert [int(number) for number in re.findall(r"^## (\d+)\. ", PAPER, re.MULTILINE)] == list(range(1, 16))
        assert rounds.ROUND_S == 10  # which half of the paper says
        assert len(messages.SHAPES) == len(get_args(messages.Message)) - 1
