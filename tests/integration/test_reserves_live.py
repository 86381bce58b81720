"""What an open page of the reserves is told, so that nothing on it is older than the rest."""

import re
from typing import Any

import pytest
from django.urls import reverse

from seedbox.models import User
from tests.builders import NOW, let_in
from tests.exchange import BTT, Exchange
from wallet.models import HaltReason
from wallet.services import halts, reconciliation, reserves
from wallet.services.operators import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange(owner: User) -> Exchange:
    made = Exchange()
    made.scan_all()
    made.deposit(owner.pk, 5_000 * BTT)
    reconciliation.run(now=made.now)
    return made


def lists(admin: User) -> dict[str, Any]:
    return {str(one["list"]): one["rows"] for one in reserves.messages(admin.pk) if one["type"] == "list"}


def show(admin: User) -> str:
    return let_in(admin).get(reverse("reserves")).content.decode()


class TestAnOpenPageOfTheReserves:
    def test_is_told_of_every_list_that_it_has(self, exchange: Exchange, admin: User) -> None:
        assert sorted(re.findall(r'data-list="([^"]+)"', show(admin))) == sorted(lists(admin))

    def test_is_told_where_the_money_is_and_what_is_wrong_with_that(self, exchange: Exchange, admin: User) -> None:
        exchange.pay(exchange.hot, 7 * BTT)
        exchange.arrive()
        told = lists(admin)
        held = told["floats"]["float-BTT"]
        assert [held[cell] for cell in ("hot", "deposits", "on", "cold", "total")] == [
            "7",
            "5,000",
            "on 1",
            "0",
            "5,007",
        ]
        assert [(row["text"][:19], row["tone"]) for row in told["warnings"].values()] == [
            ("It is short of TRX:", "red")
        ]
        assert told["terms-BTT"]["terms-BTT-user"]["amount"] == "5,000"

    def test_is_told_of_comparisons_and_of_halts_that_were_lifted(self, exchange: Exchange, admin: User) -> None:
        halts.halt(HaltReason.AUDIT, "because", NOW)
        halts.lift(halts.standing()[0].pk, actor=Actor(admin.pk, "ada"), reason="mended", now=NOW)
        told = lists(admin)
        assert [(row["who"], row["why"]) for row in told["past-halts"].values()] == [("ada", "mended")]
        assert [row["unit"] for row in told["runs"].values()] == ["TRX", "BTT", "BTTOLD"]

    def test_says_up_to_which_block_the_newest_comparison_holds(self, exchange: Exchange, admin: User) -> None:
        then = exchange.cursor.height
        rows: Any = reserves.messages(admin.pk)[0]["rows"]
        assert (rows["compared-BTT"]["height"], rows["compared-BTT"]["since"]) == (f"{then}", "")
        exchange.fake.mine(9)
        exchange.arrive()
        reconciliation.run(now=exchange.now)
        rows = reserves.messages(admin.pk)[0]["rows"]
        assert rows["compared-BTT"]["height"] == f"{exchange.cursor.height}" != f"{then}"
        assert rows["compared-BTT"]["since"] == f", unchanged since block {then}"
