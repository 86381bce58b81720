"""How far a seller trusts, and that no buyer gets further."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speed.domain.credit import (
    MIB,
    Delays,
    Standing,
    believed_window,
    draws,
    has_its_speed,
    is_channel_low,
    is_lane_open,
    is_redeem_due,
    is_voucher_due,
    judge_gap,
    lane_cap,
    least_channel_ubtt,
    money_room,
    room,
    shared_window,
    strangers_cap,
    unpaid,
    window,
)

STRANGER = Standing()
FRIEND = Standing(paid_bytes=192 * MIB)


class TestAWindow:
    def test_is_four_mebibytes_and_grows_by_one_for_sixteen_paid_up_to_sixteen(self) -> None:
        paid = [0, 16 * MIB - 1, 16 * MIB, 191 * MIB, 192 * MIB, 10**15]
        assert [window(paid_bytes) // MIB for paid_bytes in paid] == [4, 4, 5, 15, 16, 16]

    def test_is_the_smaller_one_of_payer_and_address(self) -> None:
        assert shared_window(payer=FRIEND, address=STRANGER) == shared_window(payer=STRANGER, address=FRIEND) == 4 * MIB

    def test_leaves_room_for_what_is_not_owed_yet(self) -> None:
        owing = Standing(paid_bytes=192 * MIB, unpaid_bytes=15 * MIB)
        assert room(payer=owing, address=FRIEND, strangers_unpaid_bytes=0) == MIB
        assert room(payer=FRIEND, address=owing, strangers_unpaid_bytes=0) == MIB
        assert room(payer=owing, address=STRANGER, strangers_unpaid_bytes=0) == MIB
        over = Standing(unpaid_bytes=5 * MIB)
        assert room(payer=over, address=FRIEND, strangers_unpaid_bytes=0) == 0

    def test_of_all_strangers_together_is_64_mebibytes(self) -> None:
        assert room(payer=STRANGER, address=STRANGER, strangers_unpaid_bytes=61 * MIB) == 3 * MIB
        assert room(payer=STRANGER, address=FRIEND, strangers_unpaid_bytes=65 * MIB) == 0
        assert room(payer=FRIEND, address=FRIEND, strangers_unpaid_bytes=65 * MIB) == 16 * MIB

    def test_gains_nothing_from_what_was_paid_too_much(self) -> None:
        assert unpaid(sent_bytes=5, covered_bytes=9, written_off_bytes=0) == 0
        assert unpaid(sent_bytes=9, covered_bytes=5, written_off_bytes=1) == 3


class TestAGap:
    def judge(self, missing: int, *, sent: int = 100 * MIB, elsewhere: int = 0, before: int = 0) -> tuple[int, bool]:
        payer = Standing(sent_bytes=sent, written_off_bytes=elsewhere + before)
        gap = judge_gap(
            sent_bytes=sent,
            received_bytes=sent - missing,
            written_off_before_bytes=before,
            payer=payer,
            address=Standing(sent_bytes=10**15),
        )
        return gap.written_off_bytes, gap.is_too_large

    def test_is_written_off_up_to_a_hundredth_of_what_was_sent_and_a_mebibyte(self) -> None:
        assert self.judge(0) == (0, False)
        assert self.judge(2 * MIB) == (2 * MIB, False)
        assert self.judge(2 * MIB + 1) == (2 * MIB, True)

    def test_is_summed_over_the_deals_of_a_payer(self) -> None:
        assert self.judge(MIB, elsewhere=MIB) == (MIB, False)
        assert self.judge(MIB + 1, elsewhere=MIB) == (MIB, True)
        assert self.judge(MIB, elsewhere=3 * MIB) == (0, True)

    def test_that_closes_later_gives_back_what_was_written_off(self) -> None:
        assert self.judge(MIB, before=2 * MIB) == (MIB, False)
        assert self.judge(-MIB, before=2 * MIB) == (0, False)


class TestAVoucher:
    def due(self, *, unpaid_bytes: int = 0, owed: int = 10, since_ms: int = 0, is_last: bool = False) -> bool:
        return is_voucher_due(
            unpaid_bytes=unpaid_bytes,
            window_bytes=4 * MIB,
            owed_ubtt=owed,
            signed_ubtt=9,
            since_last_ms=since_ms,
            is_last=is_last,
        )

    def test_is_due_at_half_the_window_after_a_minute_and_at_the_end(self) -> None:
        assert [self.due(unpaid_bytes=unpaid_bytes) for unpaid_bytes in (2 * MIB - 1, 2 * MIB)] == [False, True]
        assert [self.due(since_ms=since_ms) for since_ms in (59_999, 60_000)] == [False, True]
        assert self.due(is_last=True)

    def test_is_never_due_for_less_than_a_micro_btt(self) -> None:
        assert not self.due(unpaid_bytes=4 * MIB, owed=9, since_ms=90_000, is_last=True)

    def test_comes_sooner_where_the_seller_trusts_less_than_was_thought(self) -> None:
        believed = [believed_window(paid_bytes=192 * MIB, refusals=refusals) for refusals in (0, 1, 3, 99)]
        assert believed == [16 * MIB, 8 * MIB, 2 * MIB, 16 * 1024]

    def test_delay_is_the_worst_of_the_last_eight(self) -> None:
        delays = Delays()
        assert delays.worst_ms == 500
        for delay_ms in (900, 10, 20, 30, 40, 50, 60, 70):
            delays = delays.after(delay_ms)
        assert (delays.worst_ms, delays.after(-5).worst_ms, len(delays.after(80).recent_ms)) == (900, 70, 8)


class TestALane:
    def test_is_as_fast_as_its_window_lasts_until_the_next_voucher(self) -> None:
        assert lane_cap(window_bytes=4 * MIB, delays=Delays()) == 2 * MIB * 10 // 7
        assert lane_cap(window_bytes=16 * MIB, delays=Delays((50,)), sharers=2) == 16 * MIB

    def test_falls_before_its_room_is_used_up_and_rises_when_there_is_twice_that(self) -> None:
        rooms = [0, 2 * MIB - 1, 2 * MIB, 4 * MIB - 1, 4 * MIB]
        stays = [is_lane_open(was_open=True, room_bytes=left, lane_bytes_per_s=10 * MIB) for left in rooms]
        rises = [is_lane_open(was_open=False, room_bytes=left, lane_bytes_per_s=10 * MIB) for left in rooms]
        assert stays == [False, False, True, True, True]
        assert rises == [False, False, False, False, True]

    @given(
        st.integers(0, 400 * MIB),
        st.integers(0, 5_000),
        st.lists(st.tuples(st.booleans(), st.integers(0, 100)), max_size=60),
    )
    def test_never_lets_a_buyer_owe_more_than_its_window(
        self, paid_bytes: int, delay_ms: int, steps: list[tuple[bool, int]]
    ) -> None:
        """The seller reads its counters every 200 ms, and sends at the lane's speed in between."""
        speed = lane_cap(window_bytes=window(paid_bytes), delays=Delays((delay_ms,)))
        sent_bytes = covered_bytes = 0
        is_open = True
        for pays, percent in steps:
            payer = Standing(paid_bytes, sent_bytes, unpaid(
                sent_bytes=sent_bytes, covered_bytes=covered_bytes, written_off_bytes=0
            ))  # fmt: skip
            left = room(payer=payer, address=payer, strangers_unpaid_bytes=payer.unpaid_bytes)
            is_open = is_lane_open(was_open=is_open, room_bytes=left, lane_bytes_per_s=speed)
            sent_bytes += speed // 5 if is_open else 0
            covered_bytes += (sent_bytes - covered_bytes) * percent // 100 if pays else 0
            assert sent_bytes - covered_bytes <= window(paid_bytes)


@dataclass
class Deal:
    """One deal as its seller counts it."""

    sent: list[int] = field(default_factory=lambda: [0])  # at each reading
    covered_bytes: int = 0
    written_off_bytes: int = 0
    is_open: bool = True

    @property
    def unpaid_bytes(self) -> int:
        return unpaid(
            sent_bytes=self.sent[-1], covered_bytes=self.covered_bytes, written_off_bytes=self.written_off_bytes
        )


def standing_of(deals: list[Deal]) -> Standing:
    return Standing(
        paid_bytes=sum(deal.covered_bytes for deal in deals),
        sent_bytes=sum(deal.sent[-1] for deal in deals),
        unpaid_bytes=sum(deal.unpaid_bytes for deal in deals),
        written_off_bytes=sum(deal.written_off_bytes for deal in deals),
    )


def has_room(party: Standing, *, lanes: int, was_open: bool, strangers_unpaid: int = 0, strangers: int = 0) -> bool:
    found = draws(
        payer=party,
        address=party,
        strangers_unpaid_bytes=strangers_unpaid,
        payers_lanes=lanes,
        places_lanes=lanes,
        strangers_lanes=strangers,
    )
    return has_its_speed(found, was_open=was_open)


class TestStrangers:
    @given(st.integers(1, 60), st.lists(st.integers(0, 59), max_size=60))
    def test_together_never_owe_more_than_their_window_and_still_get_lanes(self, count: int, pays: list[int]) -> None:
        owed = [0] * count
        speed = min(lane_cap(window_bytes=4 * MIB, delays=Delays()), strangers_cap(delays=Delays(), strangers=count))
        is_open = [has_room(Standing(), lanes=speed, was_open=False, strangers=count * speed)] * count
        assert all(is_open)
        for payer in pays:
            for place in range(count):
                party = Standing(unpaid_bytes=owed[place])
                is_open[place] = has_room(
                    party,
                    lanes=speed,
                    was_open=is_open[place],
                    strangers_unpaid=sum(owed),
                    strangers=count * speed,
                )
            owed = [owes + speed // 5 if opened else owes for owes, opened in zip(owed, is_open, strict=True)]
            assert max(owed) <= 4 * MIB
            assert sum(owed) <= 64 * MIB
            if payer < count:
                owed[payer] = 0


class TestABuyerThatCheats:
    @given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 130)), max_size=80))
    def test_never_gets_more_for_nothing_than_the_window_a_mebibyte_and_a_hundredth(
        self, steps: list[tuple[int, int]]
    ) -> None:
        """It has two deals, and acknowledges and pays for whatever part of what was sent it likes, or for nothing."""
        deals = [Deal(), Deal()]
        for which, percent in steps:
            speed = lane_cap(window_bytes=standing_of(deals).window_bytes, delays=Delays((0,)), sharers=2)
            for deal in deals:  # a reading: lanes that are open have sent at their speed since the last one
                deal.is_open = has_room(standing_of(deals), lanes=2 * speed, was_open=deal.is_open)
            for deal in deals:
                deal.sent.append(deal.sent[-1] + (speed // 5 if deal.is_open else 0))
            deal, party = deals[which], standing_of(deals)
            if percent:
                deal.covered_bytes = max(deal.covered_bytes, deal.sent[-1] * percent // 100)
                deal.written_off_bytes = judge_gap(
                    sent_bytes=deal.sent[max(0, len(deal.sent) - 11)],
                    received_bytes=deal.covered_bytes,
                    written_off_before_bytes=deal.written_off_bytes,
                    payer=party,
                    address=party,
                ).written_off_bytes
            party = standing_of(deals)
            lost_bytes = sum(max(0, deal.sent[-1] - deal.covered_bytes) for deal in deals)
            assert lost_bytes <= party.window_bytes + MIB + party.sent_bytes // 100


class TestAChannel:
    def test_holds_64_mebibytes_at_the_ceiling_or_all_that_is_left(self) -> None:
        assert least_channel_ubtt(max_price_ubtt_per_gib=160_000, left_bytes=2**40) == 10_000
        assert least_channel_ubtt(max_price_ubtt_per_gib=160_001, left_bytes=2**40) == 10_001
        assert least_channel_ubtt(max_price_ubtt_per_gib=4_096, left_bytes=1) == 1
        assert least_channel_ubtt(max_price_ubtt_per_gib=4_096, left_bytes=0) == 0

    def test_is_low_without_money_for_a_block_or_time_for_a_voucher(self) -> None:
        def low(owed_ubtt: int, now_s: int) -> bool:
            left = money_room(amount_ubtt=10_000, owed_ubtt=owed_ubtt, price_ubtt_per_gib=65_536_000)
            return is_channel_low(money_room_bytes=left, expires_at_s=1_000, now_s=now_s)

        assert [low(owed_ubtt, 0) for owed_ubtt in (0, 9_000, 9_001, 20_000)] == [False, False, True, True]
        assert [low(0, now_s) for now_s in (879, 880)] == [False, True]

    @pytest.mark.parametrize(
        ("cumulative", "now_s", "is_due"), [(79, 2_999, False), (80, 1_000, True), (0, 4_200, True), (0, 4_199, False)]
    )
    def test_is_redeemed_at_four_fifths_of_its_money_or_time(self, cumulative: int, now_s: int, is_due: bool) -> None:
        due = is_redeem_due(
            cumulative_ubtt=cumulative, amount_ubtt=100, opened_at_s=1_000, expires_at_s=5_000, now_s=now_s
        )
        assert due is is_due
