"""A seller takes newer promises of its payers, and nothing else that a peer may send."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbox.config.benches import vouchers as bench
from speed.domain.messages import SignedTotal
from speed.domain.vouchers import OpenChannel, Verdict, accept, judge
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.keys import public_key_of

HUB, PAYER, PAYEE, STRANGER = (bytes([number]) * 32 for number in (1, 2, 3, 4))
CHANNEL = OpenChannel(
    hub_id_of(public_key_of(HUB)), b"c" * 16, public_key_of(PAYER), public_key_of(PAYEE), 1_000, cumulative_ubtt=400
)
OTHER = replace(CHANNEL, channel=b"o" * 16, cumulative_ubtt=0)


def signed(cumulative_ubtt: int, *, channel: OpenChannel = CHANNEL, by: bytes = PAYER) -> SignedTotal:
    return SignedTotal(channel.channel, cumulative_ubtt, channel.voucher(cumulative_ubtt).sign(by))


class TestAVoucher:
    @pytest.mark.parametrize(
        ("total", "verdict"),
        [
            (signed(401), Verdict.NEWER),
            (signed(1_000), Verdict.NEWER),
            (signed(400), Verdict.OLD),
            (signed(399), Verdict.OLD),
            (signed(1_001), Verdict.OVER_AMOUNT),
            (signed(500, by=STRANGER), Verdict.BAD_SIGNATURE),
            (replace(signed(500), cumulative_ubtt=501), Verdict.BAD_SIGNATURE),
            (replace(signed(500, channel=OTHER), channel=CHANNEL.channel), Verdict.BAD_SIGNATURE),
            (replace(signed(500), sig=bytes(65)), Verdict.BAD_SIGNATURE),
        ],
    )
    def test_counts_if_it_is_newer_within_its_channel_and_signed(self, total: SignedTotal, verdict: Verdict) -> None:
        assert judge(CHANNEL, total) is verdict

    def test_is_judged_after_those_before_it_in_its_frame(self) -> None:
        totals = [
            signed(500),
            signed(450),
            signed(600),
            signed(7, channel=OTHER),
            replace(signed(9), channel=b"x" * 16),
        ]
        newer, verdicts = accept({CHANNEL.channel: CHANNEL, OTHER.channel: OTHER}, totals)
        assert [verdict.value for verdict in verdicts] == ["newer", "old", "newer", "newer", "unknown_channel"]
        assert {channel.channel: channel.cumulative_ubtt for channel in newer.values()} == {
            CHANNEL.channel: 600,
            OTHER.channel: 7,
        }
        assert newer[CHANNEL.channel].signature == totals[2].sig

    @given(st.lists(st.integers(0, 1_100), max_size=12))
    def test_replayed_lowered_and_in_any_order_leaves_the_highest_good_one(self, sums: list[int]) -> None:
        newer, _ = accept({CHANNEL.channel: CHANNEL}, [signed(cumulative) for cumulative in [*sums, *sums[::-1]]])
        best = max((cumulative for cumulative in sums if cumulative <= 1_000), default=0)
        assert newer.get(CHANNEL.channel, CHANNEL).cumulative_ubtt == max(400, best)


class TestTheBench:
    def test_takes_vouchers_and_counts_the_payments_of_a_gibibyte(self) -> None:
        said: list[str] = []
        figures = bench.run(rounds=1, say=said.append)
        assert len(said) == 2
        assert figures["accept_per_s"] > 0
        assert figures["ratio"] > 0
        assert 64 <= figures["per_gib"] <= 256
