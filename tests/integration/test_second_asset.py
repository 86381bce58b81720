"""BTTOLD on a box whose market is in BTT: whoever has some sees it, takes it out again and can prove what is owed."""

import json
import re
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from seedbox.models import User
from tests.builders import NOW, signed_in
from tests.factors import prove, set_up_app
from tests.integration.test_operator_pages import carry_out
from tests.ledger import BTT, fund
from tests.signers import HOT
from tests.withdrawals import World, of_install, stranger_address
from wallet import wiring
from wallet.domain.accounts import AccountKind, user_account
from wallet.domain.money import Asset
from wallet.domain.proofs import verify
from wallet.domain.tron.addresses import to_base58
from wallet.domain.withdrawal_states import WithdrawalState
from wallet.models import Withdrawal
from wallet.services import (
    liabilities,
    payouts,
    screen,
    withdrawal_limits,
    withdrawal_quotes,
    withdrawal_rules,
    withdrawing,
)
from wallet.services.refusals import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

OLD = {"asset": "bttold"}
BTTOLD = 1_000_000


@pytest.fixture
def browser(owner: User, world: World, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(wiring, "chain", lambda: world.door)
    cache.clear()
    return signed_in(owner)


def hold_bttold(owner: User, amount: int = 5) -> None:
    fund(user_account(Asset.TRC10, owner.pk), amount * BTTOLD)


def read(browser: Client, name: str, *args: object, **query: str) -> str:
    return browser.get(reverse(name, args=args), query).content.decode()


class TestTheSecondAsset:
    def test_is_not_spoken_of_to_whoever_never_had_any(self, browser: Client) -> None:
        for name in ("money", "withdraw", "owed"):
            page = read(browser, name, **OLD)
            assert 'class="asset-choice"' not in page and "BTTOLD" not in page, name

    def test_has_its_balance_and_history_beside_the_markets(self, browser: Client, owner: User) -> None:
        hold_bttold(owner)
        assert f'href="{reverse("money")}?asset=bttold"' in read(browser, "money")
        page = read(browser, "money", **OLD)
        assert re.search(r'data-cell="available">5</span> <span class="unit">BTTOLD', page)
        assert "received 5 BTTOLD" in page and "1,000" not in page
        assert "received 5 BTTOLD" in read(browser, "money_history", **OLD)

    def test_has_live_rows_of_its_own(self, browser: Client, owner: User) -> None:
        hold_bttold(owner)
        lists = {message.get("list") for message in screen.messages(owner.pk)}
        assert lists == {None, "holds", "entries", "holds-bttold", "entries-bttold"}
        page = read(browser, "money", **OLD)
        assert 'data-row="money-bttold"' in page and 'data-head="entries-bttold"' in page
        assert 'data-row="money"' not in page and 'data-head="entries"' not in page

    def test_goes_out_again_through_the_form(self, browser: Client, owner: User, world: World) -> None:
        hold_bttold(owner)
        code = set_up_app(browser)[1][0]
        page = read(browser, "withdraw", **OLD)
        assert '<input type="hidden" name="asset" value="bttold">' in page
        assert re.search(r"Available</dt><dd[^>]*>5 ", page)
        key = re.search(r'name="key" value="([0-9a-f]{32})"', page)
        assert key
        form = {"address": to_base58(stranger_address()), "amount": "2", "key": key[1]} | OLD
        asked = browser.post(reverse("withdraw"), form).content.decode()
        assert "Withdraw 2 BTTOLD?" in asked and "2.001 BTTOLD" in asked  # 1 BTT is 0.001 BTTOLD
        wish = re.search(r'name="wish" value="([^"]+)"', asked)
        assert wish
        assert "Withdrawal of 2 BTTOLD" in prove(browser, "withdraw_send", {"wish": wish[1]}, code)
        world.tick(8)
        assert Withdrawal.objects.get().state == WithdrawalState.FINAL
        assert world.paid() == [2 * BTTOLD]
        assert world.chain.books.amount(stranger_address(), world.chain.network.assets.trc10_id) == 2 * BTTOLD
        assert of_install(AccountKind.IN_FLIGHT, Asset.TRC10) == 0

    def test_stays_when_an_operator_freezes_its_user_by_name(self, owner: User, admin: User, world: World) -> None:
        hold_bttold(owner)
        carry_out(signed_in(admin), "freeze", account="olga")
        with pytest.raises(Refused, match="frozen your account"):
            world.request(owner.pk, asset=Asset.TRC10, amount_ubtt=2 * BTTOLD, fee_ubtt=1_000)

    def test_is_owed_and_proven_by_a_count_of_its_own(self, browser: Client, owner: User) -> None:
        liabilities.take_due(NOW)
        assert liabilities.newest(Asset.TRC10) is None
        hold_bttold(owner)
        liabilities.take_due(NOW)
        taken = liabilities.newest(Asset.TRC10)
        assert taken is not None and taken.total_ubtt == 5 * BTTOLD
        assert '<span class="figure">5</span> <span class="unit">BTTOLD' in read(browser, "owed", **OLD)
        assert '<span class="figure">1,000</span> <span class="unit">BTT<' in read(browser, "owed")
        proof = browser.get(reverse("owed_proof", args=[taken.pk])).json()
        assert f"{5 * BTTOLD} µBTT of user {owner.pk} are counted" in verify(proof).sentence
        written = StringIO()
        call_command("proof", "owed", owner.pk, asset="trc10", stdout=written)
        assert json.loads(written.getvalue()) == proof

    def test_is_counted_on_the_books_page_too(self, browser: Client, owner: User, admin: User) -> None:
        hold_bttold(owner)
        page = signed_in(admin).post(reverse("count_owed"), follow=True).content.decode()
        assert "Counted: 1,000 BTT and 5 BTTOLD is owed to all users." in page
        assert '<span class="figure">5 BTTOLD</span><br>counted <time' in page

    def test_of_which_the_address_that_pays_has_too_little_is_not_offered_and_blocks_nobody(
        self, owner: User, world: World
    ) -> None:
        token = world.chain.network.assets.trc10_id
        world.chain.books.add(HOT, 3 * BTTOLD - world.chain.books.amount(HOT, token), token)
        with pytest.raises(Refused, match="The address that pays has less than that at this moment"):
            withdrawal_quotes.quote(world.door, stranger_address(), asset=Asset.TRC10, amount_ubtt=4 * BTTOLD)
        hold_bttold(owner, 20)
        large = world.request(owner.pk, asset=Asset.TRC10, amount_ubtt=4 * BTTOLD, fee_ubtt=1_000)
        small = world.request(owner.pk, asset=Asset.TRC10, amount_ubtt=2 * BTTOLD, fee_ubtt=1_000)
        other = world.request(owner.pk)
        assert world.step().begun == 2
        states = {one.pk: one.state for one in Withdrawal.objects.all()}
        assert states == {large.pk: "queued", small.pk: "sending", other.pk: "sending"}
        assert [one.pk for one in withdrawing.queue()] == []
        assert payouts.hot_units(world.door, Asset.TRC10, HOT) == 3 * BTTOLD


class TestLimitsOfTheSecondAsset:
    def test_are_the_markets_by_what_it_is_worth(self, world: World, owner: User) -> None:
        rules = withdrawal_rules.current()
        old = withdrawal_rules.in_asset(rules, Asset.TRC10)
        assert (rules.least_ubtt, old.least_ubtt) == (10 * BTT, 10_000)  # 0.01 BTTOLD
        assert (rules.flat_fee_ubtt, old.flat_fee_ubtt) == (BTT, 1_000)
        assert (rules.most_ubtt, old.most_ubtt) == (100_000_000 * BTT, 100_000 * BTTOLD)

    def test_are_used_up_by_both_together(self, world: World, owner: User) -> None:
        hold_bttold(owner, 240_000)
        for asset, left in ((Asset.TRC20, 150_000_000), (Asset.TRC10, 100_000)):
            rules = withdrawal_rules.in_asset(withdrawal_rules.current(), asset)
            left_ubtt = withdrawal_limits.left_today_ubtt(rules, asset=asset, user_id=owner.pk, now=world.now)
            assert left_ubtt == min(left * 1_000_000, rules.most_ubtt)
        world.request(owner.pk, asset=Asset.TRC10, amount_ubtt=90_000 * BTTOLD, fee_ubtt=1_000)
        asked = Withdrawal.objects.get()
        assert (asked.state, asked.needs_approval) == (WithdrawalState.CHECKING, True)  # worth 90 million BTT
        rules = withdrawal_rules.current()
        left_ubtt = withdrawal_limits.left_today_ubtt(rules, asset=Asset.TRC20, user_id=owner.pk, now=world.now)
        assert left_ubtt == 60_000_000 * BTT
        with pytest.raises(Refused, match=r"You can withdraw 150,000 BTTOLD in an hour\. 60,000 BTTOLD of it is left"):
            world.request(owner.pk, asset=Asset.TRC10, amount_ubtt=61_000 * BTTOLD, fee_ubtt=1_000)
