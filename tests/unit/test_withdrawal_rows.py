"""What a page says of a withdrawal, without a database."""

import pytest

from tests.builders import NOW
from wallet.domain.money import Asset
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState
from wallet.models import Attempt, Withdrawal
from wallet.services.withdrawal_rows import Standing, withdrawal_row


def a_withdrawal(state: WithdrawalState, *, is_wanted_back: bool = False) -> Withdrawal:
    return Withdrawal(
        pk=1,
        asset=Asset.TRC20,
        amount_ubtt=1,
        fee_ubtt=0,
        state=state,
        requested_at=NOW,
        is_wanted_back=is_wanted_back,
    )


class TestTheStepsOfAReturnedWithdrawal:
    @pytest.mark.parametrize(
        ("reached", "steps"),
        [
            ({}, ("bad", "off", "off")),
            ({"signed_at": NOW}, ("done", "bad", "off")),
            ({"signed_at": NOW, "broadcast_at": NOW}, ("done", "done", "bad")),
        ],
    )
    def test_are_done_only_as_far_as_its_dead_attempt_came(self, reached: dict[str, object], steps: object) -> None:
        withdrawal = a_withdrawal(WithdrawalState.RETURNED)
        attempt = Attempt(number=1, state=AttemptState.DEAD, **reached)
        row = withdrawal_row(Standing(withdrawal, attempt, said=None, place=0, desk=None))
        assert (row["signed_state"], row["sent_state"], row["block_state"]) == steps
        assert (row["block_at"], row["block_text"]) == ("", "in no block" if steps == ("done", "done", "bad") else "")


class TestWhatIsSaid:
    @pytest.mark.parametrize("state", [AttemptState.PREPARED, AttemptState.BROADCAST, AttemptState.DEAD])
    def test_of_one_that_is_wanted_back_promises_no_other_attempt(self, state: AttemptState) -> None:
        attempt = Attempt(number=1, state=state, expiration_ms=0, tx_id="ab" * 32)
        said = {}
        for is_wanted_back in (False, True):
            row = withdrawal_row(
                Standing(a_withdrawal(WithdrawalState.SENDING, is_wanted_back=is_wanted_back), attempt, None, 0, None)
            )
            said[is_wanted_back] = str(row["now_text"])
        assert "nother" in said[False] and "money returns" in said[True]
        assert "another" not in said[True] and "Another" not in said[True]

    def test_of_one_in_doubt_offers_nothing_that_its_user_could_do(self) -> None:
        offers = {}
        for doubt in ("", "The signer has signed another payment"):
            found = a_withdrawal(WithdrawalState.SENDING)
            found.doubt = doubt
            attempt = Attempt(number=1, state=AttemptState.DEAD, expiration_ms=0, tx_id="ab" * 32)
            row = withdrawal_row(Standing(found, attempt, None, 0, None))
            offers[doubt] = (row["can_cancel"], row["can_want_back"])
        assert list(offers.values()) == [("no", "yes"), ("no", "no")]

    def test_of_its_place_is_in_the_right_number(self) -> None:
        queued = a_withdrawal(WithdrawalState.QUEUED)
        rows = [withdrawal_row(Standing(queued, None, said=None, place=place, desk=None)) for place in (1, 2, 3)]
        beginnings = [str(row["now_text"]).split(" Nobody")[0] for row in rows]
        assert beginnings == ["It is the next one.", "1 is before it.", "2 are before it."]

    def test_of_the_chain_is_that_nothing_is_there_yet_or_ever_was(self) -> None:
        cases = {WithdrawalState.QUEUED: "Nothing yet.", WithdrawalState.CANCELLED: "Nothing was ever given to it."}
        for state, words in cases.items():
            row = withdrawal_row(Standing(a_withdrawal(state), None, said=None, place=0, desk=None))
            assert (row["has_attempt"], row["none_text"]) == ("no", words)
