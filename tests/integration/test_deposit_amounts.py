"""The money case 37: amounts as endpoints may write them, and what becomes of those that are none."""

from typing import Any

import pytest

from seedbox.models import User
from tests.exchange import BTT, STRANGER, Exchange, credited
from wallet.chain.fake import FAUCET
from wallet.chain.fake_endpoint import Problem
from wallet.domain.tron.json_forms import BadShape, raw_from_json, raw_to_json
from wallet.domain.tron.transactions import Raw, TransferAsset

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

RICH = 5_000 * BTT


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.address(owner.pk)
    return made


class TestAnAmount:
    @pytest.mark.parametrize(("amount", "came"), [(5_000_000, 5_000_000), ("5000000", 5_000_000), (None, 0)])
    def test_case_37_with_an_amount_as_text_or_none_is_exact(self, amount: object, came: int) -> None:
        contract = raw_from_json(json_with(amount)).contract
        assert isinstance(contract, TransferAsset)
        assert contract.amount == came  # what is zero moves nothing

    @pytest.mark.parametrize("amount", [5e6, True, "5e6", "5.0", "0x", -1.0, [5]])
    def test_case_37_with_an_amount_as_a_float_is_refused_with_its_block(self, amount: object) -> None:
        with pytest.raises(BadShape):
            raw_from_json(json_with(amount))

    def test_case_37_leaves_the_cursor_before_a_block_that_can_not_be_read(
        self, exchange: Exchange, owner: User
    ) -> None:
        exchange.arrive()
        before = exchange.cursor.height
        exchange.fake.pay_token(exchange.address(owner.pk), RICH)
        exchange.fake.make_solid()
        for endpoint in exchange.endpoints:
            endpoint.problem = Problem.GARBAGE
        exchange.scan_all()
        assert (exchange.cursor.height, credited(owner.pk)) == (before, 0)
        for endpoint in exchange.endpoints:
            endpoint.problem = None
        exchange.scan_all()
        assert credited(owner.pk) == 5_000_000_000


def json_with(amount: object) -> dict[str, Any]:
    """Return a transfer of TRC-10 as an endpoint writes it, with that amount."""
    raw = Raw(bytes(2), bytes(8), 60_000, 0, TransferAsset(FAUCET, STRANGER, 1_002_000, 1))
    form = raw_to_json(raw, visible=False)
    value = form["contract"][0]["parameter"]["value"]
    value["amount"] = amount
    if amount is None:
        del value["amount"]
    return form
