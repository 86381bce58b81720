"""What a seller decides about a deal before a round, and about its lane while it runs."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from speed.domain.credit import Delays, Standing
from speed.domain.refusals import Reason
from speed.domain.selling import (
    STALE_DEBT_MS,
    Expected,
    Prospect,
    chance,
    keeps_its_speed,
    receipt_problem,
    top_up_problem,
)
from wallet.domain.money import Asset
from wallet.domain.speed1.receipt import Receipt, SpeedNetwork

MIB, GIB, BTT = 1 << 20, 1 << 30, 1_000_000
RECEIPT = Receipt(
    hub_id=b"\x01" * 20,
    network=SpeedNetwork.DEVNET,
    asset=Asset.TRC20,
    channel=b"\x02" * 16,
    payer_ref=b"\x03" * 16,
    payer_key=b"\x04" * 33,
    payee_key=b"\x05" * 33,
    amount_ubtt=10 * BTT,
    opened_at_s=1_000,
    expires_at_s=4_600,
)
EXPECTED = Expected(SpeedNetwork.DEVNET, Asset.TRC20, payer_key=b"\x04" * 33, payee_key=b"\x05" * 33, now_s=4_599)
PROSPECT = Prospect(
    max_price_ubtt_per_gib=16 * BTT,
    torrent_ask_ubtt_per_gib=BTT,
    size_bytes=GIB,
    amount_ubtt=BTT,  # 64 MiB at the ceiling, to the µBTT
    owed_ubtt=0,
    expires_at_s=4_600,
    payer=Standing(),
    address=Standing(),
    strangers_unpaid_bytes=0,
    delays=Delays(),
    sharers=1,
    strangers=1,
    payers_lanes_bytes_per_s=0,
    places_lanes_bytes_per_s=0,
    strangers_lanes_bytes_per_s=0,
    unpaid_for_ms=0,
)


def keeps(prospect: Prospect, *, was_open: bool, speed: int) -> bool:
    """Say whether the only lane of its payer and address keeps its speed."""
    alone = replace(
        prospect,
        payers_lanes_bytes_per_s=speed,
        places_lanes_bytes_per_s=speed,
        strangers_lanes_bytes_per_s=speed,
    )
    return keeps_its_speed(alone, was_open=was_open, speed_bytes_per_s=speed)


class TestAReceipt:
    def test_must_be_of_the_same_money_buyer_and_seller_and_not_run_out(self) -> None:
        assert receipt_problem(RECEIPT, EXPECTED) == ""
        for wrong in (
            replace(RECEIPT, network=SpeedNetwork.NILE),
            replace(RECEIPT, asset=Asset.TRC10),
            replace(RECEIPT, payer_key=b"\x06" * 33),
            replace(RECEIPT, payee_key=b"\x06" * 33),
            replace(RECEIPT, expires_at_s=4_599),
        ):
            assert receipt_problem(wrong, EXPECTED)

    def test_of_a_top_up_never_says_less_and_names_the_same_channel(self) -> None:
        more = replace(RECEIPT, amount_ubtt=11 * BTT, expires_at_s=5_000)
        assert top_up_problem(RECEIPT, more) == ""
        assert top_up_problem(more, RECEIPT)
        assert top_up_problem(RECEIPT, replace(more, expires_at_s=4_599))
        assert top_up_problem(RECEIPT, replace(more, channel=b"\x09" * 16))
        assert top_up_problem(RECEIPT, replace(more, payer_ref=b"\x09" * 16))


class TestAChance:
    def test_of_a_stranger_is_what_half_a_window_lasts_for(self) -> None:
        found = chance(PROSPECT, now_s=2_000)
        assert found.reason is None
        assert found.cap_bytes_per_s == 2 * MIB * 1_000 // 700
        assert chance(replace(PROSPECT, sharers=2), now_s=2_000).cap_bytes_per_s == 2 * MIB * 1_000 // 1_400

    def test_is_none_for_these_reasons(self) -> None:
        for changes, reason in (
            ({"torrent_ask_ubtt_per_gib": 16 * BTT + 1}, Reason.PRICE_TOO_LOW),
            ({"amount_ubtt": BTT - 1}, Reason.CHANNEL_LOW),
            ({"owed_ubtt": BTT - 200}, Reason.CHANNEL_LOW),
            ({"expires_at_s": 2_120}, Reason.CHANNEL_LOW),
            ({"payer": Standing(unpaid_bytes=4 * MIB)}, Reason.UNPAID),
            ({"address": Standing(unpaid_bytes=4 * MIB)}, Reason.UNPAID),
            ({"strangers_unpaid_bytes": 64 * MIB}, Reason.UNPAID),
            ({"unpaid_for_ms": STALE_DEBT_MS + 1}, Reason.UNPAID),
        ):
            found = chance(replace(PROSPECT, **changes), now_s=2_000)
            assert (found.cap_bytes_per_s, found.reason) == (0, reason), changes

    def test_needs_no_more_money_than_the_torrent_could_cost(self) -> None:
        assert chance(replace(PROSPECT, size_bytes=MIB, amount_ubtt=15_625), now_s=2_000).reason is None
        assert chance(replace(PROSPECT, size_bytes=MIB, amount_ubtt=15_624), now_s=2_000).reason is Reason.CHANNEL_LOW

    @given(st.integers(0, 4 * MIB), st.integers(0, 4 * MIB), st.integers(1, 4))
    def test_never_lets_a_lane_outrun_the_next_reading(self, payer: int, address: int, sharers: int) -> None:
        prospect = replace(
            PROSPECT,
            payer=Standing(unpaid_bytes=payer),
            address=Standing(unpaid_bytes=address),
            sharers=sharers,
        )
        speed = chance(prospect, now_s=2_000).cap_bytes_per_s
        if speed and keeps(prospect, was_open=True, speed=speed):
            assert speed * 200 // 1_000 <= 4 * MIB - max(payer, address)


class TestALane:
    def test_falls_with_a_readings_worth_left_and_rises_when_half_is_paid(self) -> None:
        speed = 5 * MIB  # a fifth of a second: 1 MiB
        nearly_used = replace(PROSPECT, payer=Standing(unpaid_bytes=3 * MIB + 1))
        assert not keeps(nearly_used, was_open=True, speed=speed)
        a_bit_paid = replace(PROSPECT, payer=Standing(unpaid_bytes=3 * MIB - 1))
        assert keeps(a_bit_paid, was_open=True, speed=speed)
        assert not keeps(a_bit_paid, was_open=False, speed=speed)
        half_paid = replace(PROSPECT, payer=Standing(unpaid_bytes=2 * MIB - 1))
        assert keeps(half_paid, was_open=False, speed=10 * MIB)

    def test_falls_together_with_the_others_that_draw_on_its_window(self) -> None:
        room_for_one = replace(PROSPECT, payer=Standing(unpaid_bytes=3 * MIB - 1))
        assert keeps(room_for_one, was_open=True, speed=5 * MIB)
        both = replace(room_for_one, payers_lanes_bytes_per_s=10 * MIB)
        assert not keeps_its_speed(both, was_open=True, speed_bytes_per_s=5 * MIB)

    def test_falls_when_the_channel_is_used_up(self) -> None:
        used_up = replace(PROSPECT, owed_ubtt=BTT - 1)
        assert not keeps(used_up, was_open=True, speed=MIB)
