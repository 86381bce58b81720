from datetime import date

import pytest

from wallet.domain.accounts import OWNED, AccountKind, AccountName
from wallet.domain.beancount import balance, number, open_account, opening_place, place_of, transaction
from wallet.domain.money import MAX_AMOUNT_UBTT, Asset

DAY = date(2026, 11, 23)


class TestAPlace:
    def test_is_there_for_every_kind_of_account(self) -> None:
        places = [place_of(AccountName(Asset.TRC20, kind, "7" if kind in OWNED else "")) for kind in AccountKind]
        assert len(set(places)) == len(AccountKind)
        assert {place.partition(":")[0] for place in places} == {"Assets", "Liabilities", "Income", "Equity"}

    def test_keeps_assets_apart(self) -> None:
        assert place_of(AccountName(Asset.TRC10, AccountKind.USER, "7")) == "Liabilities:BTTOLD:Users:U-7"
        assert opening_place(Asset.TRX) == "Equity:TRX:Opening-Balances"


class TestANumber:
    @pytest.mark.parametrize(
        ("amount_ubtt", "text"),
        [
            (0, "0.000000"),
            (1, "0.000001"),
            (-1, "-0.000001"),
            (-1_500_000, "-1.500000"),
            (MAX_AMOUNT_UBTT, "4611686018427.387904"),
        ],
    )
    def test_is_exact(self, amount_ubtt: int, text: str) -> None:
        assert number(amount_ubtt) == text


class TestADirective:
    def test_opens_an_account(self) -> None:
        assert open_account("Assets:BTT:Chain", at=DAY, asset=Asset.TRC20) == "2026-11-23 open Assets:BTT:Chain BTT\n"

    def test_asserts_a_balance_without_a_tolerance(self) -> None:
        text = balance("Assets:BTT:Chain", -7, at=DAY, asset=Asset.TRC20)
        assert text == "2026-11-23 balance Assets:BTT:Chain  -0.000007 ~ 0 BTT\n"

    def test_moves_an_amount_and_lets_no_text_out_of_its_quotes(self) -> None:
        entry = transaction(
            at=DAY,
            payee="Tip",
            narration='say "hi" \\',
            about={"cause": "tip/1"},
            debit="A:B",
            credit="C:D",
            amount_ubtt=5,
            unit="BTT",
        )
        assert entry.splitlines() == [
            r'2026-11-23 * "Tip" "say \"hi\" \\"',
            '  cause: "tip/1"',
            "  A:B  0.000005 BTT",
            "  C:D  -0.000005 BTT",
            "",
        ]
