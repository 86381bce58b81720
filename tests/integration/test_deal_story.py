"""From an entry to the deal behind it, its channel, its shares and its peer: each user sees what is theirs."""

import pytest
from django.urls import reverse

from seedbox.models import User
from tests.builders import NOW, let_in, make_holding, make_node, make_torrent
from tests.ledger import ASSET, BTT, fund, post, transfer, user
from tests.market_rows import a_buying_deal, a_selling_deal
from wallet.domain.accounts import AccountKind, channel_account, earnings_account, own_account
from wallet.domain.kinds import TransferKind
from wallet.models import Account, Channel
from wallet.services import channel_story, ledger

pytestmark = pytest.mark.django_db

CHANNEL = "c1" * 16
DEAL = "d1" * 16
NODE = 1


def page(person: User, name: str, *args: object) -> str:
    response = let_in(person).get(reverse(name, args=args))
    return " ".join(response.content.decode().split()) if response.status_code == 200 else str(response.status_code)


@pytest.fixture
def paid(owner: User, stranger: User) -> dict[str, int]:
    """Olga buys from the box for 4 BTT; 3 are redeemed with a fee, and Sam has a share of what came."""
    fund(user(owner.pk), 10 * BTT)
    channel = channel_account(ASSET, CHANNEL)
    earnings, fees = earnings_account(ASSET, NODE), own_account(ASSET, AccountKind.FEES)
    ledger.store().open_accounts([earnings, fees, user(stranger.pk)], now=NOW)
    cause = f"channel/{CHANNEL}"
    opened = post(transfer(user(owner.pk), channel, 4 * BTT, kind=TransferKind.CHANNEL_OPENED, cause=cause)).transfer_id
    redeemed = f"voucher/{CHANNEL}/{'ab' * 8}"
    post(transfer(channel, earnings, 2_900_000, kind=TransferKind.VOUCHER, cause=redeemed))
    post(transfer(channel, fees, 100_000, kind=TransferKind.FEE, cause=redeemed))
    share = post(
        transfer(earnings, user(stranger.pk), 2_900_000, kind=TransferKind.EARNING, cause=f"deal/{DEAL}")
    ).transfer_id
    Channel.objects.create(
        id=CHANNEL,
        account=Account.objects.get(ref=CHANNEL),
        payer=Account.objects.get(kind=AccountKind.USER, ref=str(owner.pk)),
        payee=Account.objects.get(kind=AccountKind.EARNINGS),
        amount_ubtt=4 * BTT,
        redeemed_ubtt=3 * BTT,
        fee_ppm=0,
        opened_at=NOW,
        expires_at=NOW,
    )
    assert opened and share
    return {"opened": opened, "share": share}


class TestAnEntry:
    def test_leads_to_the_deal_it_paid_for_and_the_deal_back_to_it_and_to_the_peer(
        self, owner: User, stranger: User, paid: dict[str, int]
    ) -> None:
        deal = a_buying_deal(make_holding(owner, make_torrent("film.mkv")), voucher_at=NOW, voucher_sig="5e" * 65)
        assert reverse("market_buying", args=[deal.pk]) in page(owner, "money_entry", paid["opened"])
        shown = page(owner, "market_buying", deal.pk)
        assert reverse("money_entry", args=[paid["opened"]]) in shown
        assert "5e" * 65 in shown
        assert reverse("market_peer", args=[deal.peer_key]) in shown
        peer = page(owner, "market_peer", deal.peer_key)
        assert "film.mkv" in peer and " MiB for 3 " in peer
        assert page(stranger, "market_peer", deal.peer_key) == "404"

    def test_of_a_share_leads_to_the_deal_in_which_the_torrent_was_sold(
        self, owner: User, stranger: User, paid: dict[str, int]
    ) -> None:
        deal = a_selling_deal(make_holding(stranger, make_torrent("film.mkv")).torrent)
        assert reverse("market_selling", args=[deal.pk]) in page(stranger, "money_entry", paid["share"])
        shown = page(stranger, "market_selling", deal.pk)
        assert reverse("money_entry", args=[paid["share"]]) in shown
        assert reverse("money_entry", args=[paid["opened"]]) not in shown
        assert "film.mkv" in page(stranger, "market_peer", deal.peer_key)
        assert page(owner, "market_peer", deal.peer_key) == "404"

    def test_of_a_share_leads_there_still_once_the_torrent_was_removed_and_added_again_on_its_node(
        self, owner: User, stranger: User, paid: dict[str, int]
    ) -> None:
        before = make_torrent("film.mkv")
        deal, key = a_selling_deal(before), before.key
        before.delete()
        places = (("money_entry", paid["share"]), ("market_selling", deal.pk), ("market_peer", deal.peer_key))
        assert not any("film.mkv" in page(stranger, *place) for place in places)
        make_holding(owner, make_torrent("film.mkv", key=key, node=make_node("other")))
        make_holding(stranger, make_torrent("film.mkv", key=key))
        assert [page(owner, *place) for place in places[1:]] == ["404", "404"]
        assert all("film.mkv" in page(stranger, *place) for place in places)

    def test_leads_to_nobody_by_what_is_no_key_and_to_no_node_by_what_is_no_name(self, owner: User) -> None:
        market, client = reverse("market"), let_in(owner)
        for address in ("peers/ab%00cd/", "nodes/lo%00cal/", "nodes/lo%00cal/rounds/", "nodes/lo%00cal/rounds/1/"):
            assert client.get(f"{market}{address}").status_code == 404

    def test_of_a_deal_that_is_not_ones_business_shows_the_cause_alone(
        self, stranger: User, paid: dict[str, int]
    ) -> None:
        a_selling_deal(make_torrent("film.mkv"))
        shown = page(stranger, "money_entry", paid["share"])
        assert f"deal/{DEAL}" in shown
        assert "film.mkv" not in shown


class TestAChannelsStory:
    def test_has_what_each_voucher_redeemed_in_all_and_marks_ones_own(self, owner: User, paid: dict[str, int]) -> None:
        found = channel_story.of_channel(owner.pk, CHANNEL)
        assert [(one.amount_ubtt, one.redeemed_ubtt, one.is_own) for one in found] == [
            (100_000, 3 * BTT, False),
            (2_900_000, 2_900_000, False),
            (4 * BTT, None, True),
        ]
        assert channel_story.of_channel(owner.pk, "ff" * 16) == []
