"""What a page says of a withdrawal, without a database."""

import pytest

from tests.builders import NOW
from wallet.domain.money import Asset
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState
from wallet.models import Attempt, Withdrawal
from wallet.services.withdrawal_rows import Standing, withdrawal_row


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
        withdrawal = Withdrawal(
            pk=1, asset=Asset.TRC20, amount_ubtt=1, fee_ubtt=0, state=WithdrawalState.RETURNED, requested_at=NOW
        )
        attempt = Attempt(number=1, state=AttemptState.DEAD, **reached)
        row = withdrawal_row(Standing(withdrawal, attempt, said=None, place=0, desk=None))
        assert (row["signed_state"], row["sent_state"], row["block_state"]) == steps
