"""What becomes of a deal, from either end."""

import pytest

from speed.domain.deals import (
    LIVE,
    MOVES,
    SHARED_ROUNDS,
    DealState,
    IllegalMove,
    after_bid,
    after_grant,
    after_loss,
    after_refusal,
    check_move,
    gap_rounds,
    is_close_due,
    starved_rounds,
)
from speed.domain.refusals import ENDING, Reason

OPEN, IN_LANE, PAUSED, WAITING, ENDED, CLOSED = DealState


class TestADeal:
    def test_is_granted_lanes_round_by_round(self) -> None:
        assert after_grant(OPEN) is after_grant(IN_LANE) is after_grant(WAITING) is IN_LANE

    @pytest.mark.parametrize("state", [PAUSED, ENDED, CLOSED])
    def test_that_bids_nothing_or_is_over_is_granted_none(self, state: DealState) -> None:
        with pytest.raises(IllegalMove):
            after_grant(state)

    def test_is_paused_by_a_bid_of_nothing_and_goes_on_with_the_next(self) -> None:
        assert after_bid(IN_LANE, spend_ubtt_per_s=0, useful_bytes_per_s=9) is PAUSED
        assert after_bid(OPEN, spend_ubtt_per_s=9, useful_bytes_per_s=0) is PAUSED
        assert after_bid(PAUSED, spend_ubtt_per_s=9, useful_bytes_per_s=9) is OPEN
        assert after_bid(IN_LANE, spend_ubtt_per_s=9, useful_bytes_per_s=9) is IN_LANE

    @pytest.mark.parametrize("state", sorted(set(DealState) - LIVE))
    def test_that_is_over_takes_no_bid(self, state: DealState) -> None:
        with pytest.raises(IllegalMove):
            after_bid(state, spend_ubtt_per_s=9, useful_bytes_per_s=9)

    @pytest.mark.parametrize("reason", Reason)
    def test_waits_after_a_refusal_or_is_ended_by_it(self, reason: Reason) -> None:
        assert after_refusal(IN_LANE, reason) is (ENDED if reason in ENDING else WAITING)

    def test_is_ended_by_four_reasons(self) -> None:
        assert sorted(ENDING) == ["bad_receipt", "meters_disagree", "not_selling", "shared_address"]

    def test_waits_for_its_connection_and_is_closed_after_ten_minutes_without(self) -> None:
        assert [after_loss(state) for state in DealState] == [WAITING, WAITING, PAUSED, WAITING, ENDED, CLOSED]
        closes = [is_close_due(state=WAITING, since_s=since_s) for since_s in (599, 600)]
        assert closes == [False, True]

    def test_that_ended_is_closed_when_its_last_voucher_has_had_ten_seconds_to_come(self) -> None:
        assert not is_close_due(state=ENDED, since_s=10)
        assert is_close_due(state=ENDED, since_s=11)
        assert not is_close_due(state=CLOSED, since_s=10_000)

    def test_can_always_end_and_never_comes_back(self) -> None:
        assert {state for state in DealState if ENDED in MOVES[state]} == LIVE
        for state in DealState:
            for further in set(DealState) - MOVES[state]:
                with pytest.raises(IllegalMove):
                    check_move(state, further)

    def test_that_gets_less_than_half_for_three_rounds_shares_its_address(self) -> None:
        rounds = 0
        for sent_bytes in (499, 500, 499, 0, 499):
            rounds = starved_rounds(before=rounds, sent_bytes=sent_bytes, granted_bytes=1_000, since_bounce=5)
        assert rounds == SHARED_ROUNDS
        assert starved_rounds(before=rounds, sent_bytes=0, granted_bytes=1_000, since_bounce=1) == 3

    def test_has_meters_that_disagree_only_round_after_round(self) -> None:
        rounds = 0
        for is_too_large, since_bounce in ((True, 2), (True, 0), (True, 3), (False, 4), (True, 5)):
            rounds = gap_rounds(before=rounds, is_too_large=is_too_large, since_bounce=since_bounce)
        assert rounds == 1
