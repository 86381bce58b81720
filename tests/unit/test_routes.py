"""Money moves only the ways that its reason allows; none of them makes money out of nothing."""

import pytest

from tests.ledger import ASSET, CHAIN, TREASURY, transfer, user
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.items import BadItem
from wallet.domain.kinds import TransferKind
from wallet.domain.routes import ROUTES, is_way


class TestTheTableOfWays:
    def test_knows_every_reason(self) -> None:
        assert set(ROUTES) | {TransferKind.REVERSAL} == set(TransferKind)

    def test_lets_money_come_from_the_chain_by_a_deposit_only(self) -> None:
        from_chain = {kind for kind in ROUTES for credit in AccountKind if is_way(kind, AccountKind.CHAIN, credit)}
        assert from_chain == {TransferKind.DEPOSIT}

    def test_lets_every_way_be_gone_back(self) -> None:
        for routes in ROUTES.values():
            for debit, credit in routes:
                assert is_way(TransferKind.REVERSAL, credit, debit)

    @pytest.mark.parametrize("kind", [TransferKind.GRANT, TransferKind.TIP, TransferKind.ADJUSTMENT])
    def test_refuses_a_gift_out_of_nothing(self, kind: TransferKind) -> None:
        with pytest.raises(BadItem, match="does not move money from chain") as refusal:
            transfer(CHAIN, user(1), 1, kind=kind)
        assert refusal.value.field == "kind"

    def test_lets_a_grant_come_from_the_treasury_alone(self) -> None:
        assert transfer(TREASURY, user(1), 1, kind=TransferKind.GRANT)
        with pytest.raises(BadItem):
            transfer(own_account(ASSET, AccountKind.FEES), user(1), 1, kind=TransferKind.GRANT)
