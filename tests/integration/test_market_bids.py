"""Bidding, spending and hubs, on pages and in a shell."""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from seedbox.config import joints
from seedbox.models import Holding, User
from seedbox.services import audit, watchables
from speed.models import Agent, Bid, Budget, BuyingDeal, Curiosity, ForSale, Hub, Offer, Pairing
from speed.services import screen, spenders
from tests.builders import make_holding, make_node, make_observation, make_torrent, signed_in
from tests.ledger import BTT, fund, user
from tests.market_rows import a_bid, a_buying_deal, a_pairing, a_quote, a_selling_deal
from wallet.services import hub_rules, speed_keys

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SPENDING = reverse("market_spending")
HUBS = reverse("market_hubs")
KEY = "02" + "ab" * 32
FORM = {"max_price_ubtt_per_gib": "30", "budget_ubtt": "100", "useful_bytes_per_s": "4"}


@pytest.fixture
def holding(owner: User) -> Holding:
    """A torrent of the owner's that loads slowly, on a node that may bid."""
    torrent = make_torrent("slow.iso")
    make_observation(torrent, done_bytes=1)
    call_command("speed", "sell", "local", "--buys", stdout=StringIO())
    return make_holding(owner, torrent)


def said(*arguments: object) -> list[dict[str, object]]:
    out = StringIO()
    call_command("speed", *map(str, arguments), "--json", stdout=out)
    found: list[dict[str, object]] = json.loads(out.getvalue())
    return found


def panel(browser: Client, holding: Holding) -> str:
    return browser.get(reverse("torrent", args=[holding.pk]) + "?tab=speed").content.decode()


def post(browser: Client, name: str, form: dict[str, str], *args: object) -> str:
    return browser.post(reverse(name, args=args), form, follow=True).content.decode()


class TestABid:
    def test_stands_as_it_was_written_until_it_is_withdrawn(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        page = post(browser, "market_bid", FORM, holding.pk)
        assert "Your bid stands" in page
        bid = Bid.objects.get()
        assert (bid.is_on, bid.max_price_ubtt_per_gib, bid.budget_ubtt) == (True, 30 * BTT, 100 * BTT)
        assert bid.useful_bytes_per_s == 4 << 20
        assert bid.spend_ubtt_per_s == 117_188  # 30 BTT/GiB at 4 MiB/s, rounded up
        assert "Withdraw the bid" in page
        assert "is withdrawn" in post(browser, "market_withdraw", {}, holding.pk)
        assert not Bid.objects.get().is_on

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("max_price_ubtt_per_gib", "0.000001", "Say 0.004096"),
            ("max_price_ubtt_per_gib", "", "This field is required"),
            ("budget_ubtt", "1,5", "This is no amount"),
            ("useful_bytes_per_s", "-1", "Write a number"),
            ("hour_ubtt", "0", "This is no amount"),
            ("hour_ubtt", "0.003", "Say how fast money may go"),
        ],
    )
    def test_that_makes_no_sense_is_not_placed(
        self, holding: Holding, owner: User, field: str, value: str, sentence: str
    ) -> None:
        assert sentence in post(signed_in(owner), "market_bid", FORM | {field: value}, holding.pk)
        assert not Bid.objects.exists()

    def test_is_placed_and_withdrawn_in_a_shell_as_well(self, holding: Holding, owner: User) -> None:
        words = ("bid", holding.pk, "--user", owner.username)
        (row,) = said(*words, "--ceiling", "2", "--budget", "7.5", "--per-hour", "3.6")
        assert (row["state"], row["budget"]) == ("Stands", "0 of 7.5 BTT")
        assert Bid.objects.get().spend_ubtt_per_s == 1_000
        (row,) = said(*words, "--withdraw")
        assert row["state"] == "Withdrawn"
        with pytest.raises(CommandError, match="--budget"):
            said(*words, "--ceiling", "2")

    def test_of_a_torrent_that_is_gone_is_withdrawn_by_its_number(self, holding: Holding, owner: User) -> None:
        first, second = a_bid(holding), a_bid(make_holding(owner, make_torrent("other.iso")))
        Holding.objects.all().delete()
        browser = signed_in(owner)
        assert browser.get(reverse("market")).content.decode().count(">Withdraw<") == 2
        assert "is withdrawn" in post(browser, "market_bid_end", {}, first.pk)
        assert [row["state"] for row in said("bids", "--user", owner.username)] == ["Stands", "Withdrawn"]
        said("bids", "--user", owner.username, "--withdraw", second.pk)
        assert not Bid.objects.filter(is_on=True).exists()
        with pytest.raises(CommandError, match="no bid"):
            said("bids", "--user", owner.username, "--withdraw", 999)

    def test_is_for_holders_only(self, holding: Holding, stranger: User) -> None:
        assert signed_in(stranger).post(reverse("market_bid", args=[holding.pk]), FORM).status_code == 404
        with pytest.raises(CommandError, match="no torrent"):
            said("bid", holding.pk, "--user", stranger.username)


class TestTheSpeedTab:
    def test_shows_what_sellers_ask_and_has_the_node_ask_them(self, holding: Holding, owner: User) -> None:
        a_quote(holding.torrent, 12)
        a_quote(holding.torrent, 31, valid_until=timezone.now() - timedelta(seconds=1))
        page = panel(signed_in(owner), holding)
        assert "12 BTT/GiB" in page
        assert "31 BTT/GiB" not in page
        assert Curiosity.objects.get().torrent_id == holding.torrent_id
        (row,) = said("quotes", holding.pk, "--user", owner.username)
        assert row["ask"] == "12 BTT/GiB"

    def test_is_told_of_sellers_by_the_socket(self, holding: Holding, owner: User, stranger: User) -> None:
        a_quote(holding.torrent, 12)
        panel(signed_in(owner), holding)
        named = f"sellers-{holding.torrent_id}"
        (heard,) = [one["rows"] for one in screen.messages(owner.pk) if one.get("list") == named]
        assert len(heard) == 1  # type: ignore[arg-type]  # rows of a list
        assert named not in [one.get("list") for one in screen.messages(stranger.pk)]

    def test_says_what_is_missing_before_a_bid_can_work(self, holding: Holding, owner: User) -> None:
        browser = signed_in(owner)
        assert "No hub is trusted" in panel(browser, holding)
        Hub.objects.create(hub_id="ee" * 20)
        assert "Your spending is off" in panel(browser, holding)
        call_command("speed", "sell", "local", "--no-buys", stdout=StringIO())
        assert "This node does not bid" in panel(browser, holding)

    def test_lets_an_admin_who_holds_it_decide_on_its_sale(self, holding: Holding, admin: User) -> None:
        own = make_holding(admin, holding.torrent)
        form = {"for_sale": "yes", "ask_ubtt_per_gib": "25"}
        assert "Saved" in post(signed_in(admin), "market_offer", form, own.pk)
        kept = Offer.objects.get()
        assert (kept.for_sale, kept.ask_ubtt_per_gib) == (ForSale.YES, 25 * BTT)
        line = audit.read_all(act="setting_changed").lines[0]
        assert line.says == f"Sale of {kept.torrent_key[:10]}… on node local: yes, own ask 25 BTT."

    def test_shows_what_an_admin_wrote_of_its_sale_again_with_what_is_wrong_with_it(
        self, holding: Holding, admin: User
    ) -> None:
        own, browser = make_holding(admin, holding.torrent), signed_in(admin)
        for ask, sentence in (("2,5", "This is no amount"), ("0.000001", "Ask for 0.004096")):
            page = post(browser, "market_offer", {"for_sale": "yes", "ask_ubtt_per_gib": ask}, own.pk)
            assert sentence in page
            assert f'value="{ask}"' in page
            assert '<option value="yes" selected>' in page
        assert "Sale of this torrent" in browser.get(reverse("market_offer", args=[own.pk])).content.decode()
        assert not Offer.objects.exists()

    def test_of_a_whole_torrent_shows_who_buys_it(self, owner: User) -> None:
        torrent = make_torrent("whole.iso")
        make_observation(torrent, done_bytes=torrent.size_bytes)
        a_selling_deal(torrent)
        page = panel(signed_in(owner), make_holding(owner, torrent))
        assert "203.0.113.7/32" in page
        assert "Its node sells nothing" in page


class TestABoxWithoutAWallet:
    def test_shows_nothing_of_a_market(self, holding: Holding, owner: User) -> None:
        joints.join("off")
        try:
            browser = signed_in(owner)
            assert ">Market<" not in browser.get(reverse("overview")).content.decode()
            assert browser.get(reverse("torrent", args=[holding.pk]) + "?tab=speed").status_code == 404
            assert not watchables.known({"market"})
        finally:
            joints.join(settings.WALLET_NETWORK)
        assert watchables.known({"market"})


class TestSpending:
    def test_is_off_until_it_is_turned_on_with_a_limit(self, owner: User) -> None:
        browser = signed_in(owner)
        assert 'name="is_on" checked' not in browser.get(SPENDING).content.decode()
        assert "Say what may be spent" in post(browser, "market_spending", {"is_on": "on"})
        assert not Budget.objects.exists()
        assert "is on, within its limit" in post(browser, "market_spending", {"is_on": "on", "day_limit_ubtt": "50"})
        assert Budget.objects.get().day_limit_ubtt == 50 * BTT
        assert "is off" in post(browser, "market_spending", {})
        assert not Budget.objects.get().is_on

    def test_gives_a_foreign_node_a_code_that_works_once(self, owner: User) -> None:
        fund(user(owner.pk), 5 * BTT)
        browser = signed_in(owner)
        page = post(browser, "market_code", {"most_ubtt": "2"})
        found = re.search(r"(?:[A-Z2-9]{5}-){3}[A-Z2-9]{5}", page)
        assert found
        speed_keys.pair(caller=KEY, code=found[0], daily_limit_ubtt=BTT, earns=False, key="k", now=timezone.now())
        page = browser.get(SPENDING).content.decode()
        assert "A node of another install" in page
        assert KEY in page
        assert KEY not in post(browser, "market_revoke", {}, KEY)
        assert "needs no code" in post(browser, "market_code", {})

    def test_is_off_when_the_key_of_a_node_of_this_box_is_revoked(self, owner: User) -> None:
        make_node()
        Agent.objects.create(node_name="local", speed_key=KEY)
        browser = signed_in(owner)
        post(browser, "market_spending", {"is_on": "on", "day_limit_ubtt": "50"})
        assert KEY in browser.get(SPENDING).content.decode()
        assert "Your spending is off" in post(browser, "market_revoke", {}, KEY)
        spenders.bind_all(bytes.fromhex(KEY), now=timezone.now())
        assert not speed_keys.bound_to_user(owner.pk)

    def test_cannot_take_a_key_off_anothers_account(self, owner: User, stranger: User) -> None:
        speed_keys.bind_user(owner.pk, KEY, daily_limit_ubtt=BTT, now=timezone.now())
        post(signed_in(stranger), "market_revoke", {}, KEY)
        assert [bound.key for bound in speed_keys.bound_to_user(owner.pk)] == [KEY]


class TestHubs:
    FORM = {"url": "https://hub.example.org/box/", "hub_id": "ab" * 20, "name": "Ada's", "exposure_limit_ubtt": "5"}

    def test_of_others_hold_money_as_the_page_says(self, admin: User) -> None:
        browser = signed_in(admin)
        assert "Your money" not in browser.get(HUBS).content.decode()
        page = post(browser, "market_hubs", self.FORM)
        assert "This hub holds your money." in page
        kept = Hub.objects.get()
        assert (kept.url, kept.exposure_limit_ubtt) == ("https://hub.example.org/box", 5 * BTT)
        post(browser, "market_hub", {"exposure_limit_ubtt": "7"}, kept.pk)
        kept.refresh_from_db()
        assert (kept.is_trusted, kept.exposure_limit_ubtt) == (False, 7 * BTT)

    @pytest.mark.parametrize(
        ("field", "value"), [("url", "http://hub.example.org"), ("hub_id", "abc"), ("url", "hub.example.org")]
    )
    def test_with_a_slip_in_their_address_are_not_trusted(self, admin: User, field: str, value: str) -> None:
        assert "field-error" in post(signed_in(admin), "market_hubs", self.FORM | {field: value})
        assert not Hub.objects.exists()

    def test_are_paired_by_a_node_that_brings_the_code(self, admin: User) -> None:
        make_torrent()
        browser = signed_in(admin)
        post(browser, "market_hubs", self.FORM)
        call_command("speed", "sell", "local", "--buys", stdout=StringIO())
        form = {"hub": "ab" * 20, "node": "local", "code": "ABCDE-FGHJK-MNPQR-STUVW", "pair_limit_ubtt": "3"}
        assert "The node takes the code there" in post(browser, "market_pair", form)
        assert (Pairing.objects.get().daily_limit_ubtt, Pairing.objects.get().user_id) == (3 * BTT, admin.pk)

    def test_are_paired_by_any_user_to_spend_there_but_to_earn_by_admins_alone(self, admin: User, owner: User) -> None:
        make_torrent()
        post(signed_in(admin), "market_hubs", self.FORM)
        call_command("speed", "sell", "local", "--buys", stdout=StringIO())
        form = {"hub": "ab" * 20, "node": "local", "code": "ABCDE-FGHJK-MNPQR-STUVW", "pair_earns": "on"}
        browser = signed_in(owner)
        assert "pair_earns" not in browser.get(SPENDING).content.decode()
        assert "Say what may be spent within 24 hours" in post(browser, "market_pair", form)
        assert "The node takes the code there" in post(browser, "market_pair", form | {"pair_limit_ubtt": "3"})
        assert not Pairing.objects.get().earns
        assert "and earns for it" in post(signed_in(admin), "market_pair", form)
        assert (Pairing.objects.get(user_id=admin.pk).daily_limit_ubtt, Pairing.objects.count()) == (0, 2)

    def test_keep_what_was_written_of_them_when_it_is_wrong(self, admin: User) -> None:
        browser = signed_in(admin)
        post(browser, "market_hubs", self.FORM)
        hub = Hub.objects.get()
        page = post(browser, "market_hub", {"exposure_limit_ubtt": "7,5"}, hub.pk)
        assert "This is no amount" in page
        assert 'value="7,5"' in page
        assert 'name="is_trusted" checked' not in page
        assert Hub.objects.get().is_trusted
        assert browser.post(reverse("market_hub", args=[hub.pk + 1]), {"exposure_limit_ubtt": "x"}).status_code == 404

    def test_are_removed_when_nothing_of_this_box_is_there(self, admin: User, holding: Holding) -> None:
        browser = signed_in(admin)
        post(browser, "market_hubs", self.FORM)
        hub, pairing = Hub.objects.get(), a_pairing(holding.user_id, held_ubtt=2 * BTT)
        Hub.objects.update(hub_key=KEY)
        deal = a_buying_deal(holding, hub_id=hub.hub_id)
        assert "Channels are open there: 1. Trust it no longer" in post(browser, "market_hub_remove", {}, hub.pk)
        BuyingDeal.objects.update(is_closed=True)
        assert "It holds 2 BTT in accounts" in post(browser, "market_hub_remove", {}, hub.pk)
        Pairing.objects.update(held_ubtt=0)
        assert "It has not said yet what it holds" in post(browser, "market_hub_remove", {}, hub.pk)
        assert "no longer" in post(signed_in(holding.user), "market_unpair", {}, pairing.pk)
        with pytest.raises(CommandError, match="before you remove it"):
            said("hubs", hub.hub_id, "--remove")
        (row,) = said("hubs", hub.hub_id, "--no-trusted")
        assert row["says"] == "not trusted"
        assert "The hub is removed" in post(browser, "market_hub_remove", {}, hub.pk)
        lines = [line.says for line in audit.read_all(act="setting_changed").lines]
        assert lines[:3] == [
            "Hub Ada's: removed, was at https://hub.example.org/box.",
            "Hub Ada's: trusted no longer.",
            "Hub Ada's: trusted at https://hub.example.org/box, exposure limit 5 BTT.",
        ]
        assert not Hub.objects.exists()
        assert deal.hub_id == hub.hub_id

    def test_of_our_own_stay(self, admin: User) -> None:
        own = Hub.objects.create(hub_id="cd" * 20, is_trusted=False)
        assert "own hub stays" in post(signed_in(admin), "market_hub_remove", {}, own.pk)
        with pytest.raises(CommandError, match="no other address"):
            said("hubs", own.hub_id, "--address", "https://hub.example.org")

    def test_of_our_own_take_the_fee_that_an_admin_sets(self, admin: User) -> None:
        browser = signed_in(admin)
        found = re.search(r'name="key" value="([0-9a-f]{32})"', browser.get(HUBS).content.decode())
        assert found
        for _ in range(2):
            post(browser, "market_fee", {"fee_ppm": "1.5", "reason": "for the disks", "key": found[1]})
        assert hub_rules.fee_ppm() == 15_000
        (line,) = audit.read_all(act="setting_changed").lines
        assert line.says == "Fee of this box's hub: 0 % to 1.5 %. for the disks"
