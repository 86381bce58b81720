"""What other installs' hubs hold: on a user's page of spending, and on the operator's page of hubs."""

import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from seedbox.models import Holding, Network, User
from speed.models import Agent, Hub
from speed.services import spenders
from tests.builders import make_holding, make_torrent, signed_in
from tests.market_rows import BTT, a_buying_deal, a_pairing, a_selling_deal

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

SPENDING, HUBS = reverse("market_spending"), reverse("market_hubs")
HUB_ID = "ab" * 20
SILENT, NODE_SILENT = "The hub has not answered since then.", "The node that asks it does not run"


@pytest.fixture
def holding(owner: User) -> Holding:
    Hub.objects.create(hub_id=HUB_ID, hub_key="02" + "ab" * 32, url="https://hub.example.org", name="Ada's")
    Agent.objects.create(node_name="local", speed_key="03" + "cd" * 32, beat_at=timezone.now())
    return make_holding(owner)


def page_of(who: User, address: str) -> str:
    response = signed_in(who).get(address)
    assert response.status_code == 200
    return response.content.decode()


def heard(ago: timedelta) -> tuple[datetime, str]:
    at = timezone.now() - ago
    return at, f"{at:%Y-%m-%d %H:%M} UTC"


class TestAPairedAccount:
    def test_shows_its_owner_what_is_there_and_what_was_paid_with_it_and_nobody_else(
        self, holding: Holding, owner: User, stranger: User, admin: User
    ) -> None:
        at, written = heard(timedelta(seconds=50))
        a_pairing(owner.pk, held_ubtt=97_500_000, heard_at=at)
        a_buying_deal(holding, hub_id=HUB_ID)
        over = {"deal_id": "d2" * 16, "channel_id": "c2" * 16, "is_closed": True, "amount_ubtt": 4 * BTT}
        a_buying_deal(holding, hub_id=HUB_ID, **over)
        gone = {"deal_id": "d4" * 16, "channel_id": "c4" * 16, "end_reason": "hub_gone"}
        a_buying_deal(holding, hub_id=HUB_ID, **over | gone | {"amount_ubtt": 5 * BTT})
        a_buying_deal(holding, deal_id="d3" * 16, channel_id="c3" * 16, amount_ubtt=77 * BTT)
        page = page_of(owner, SPENDING)
        for words in (
            "97.5 BTT",
            written,
            "7 BTT comes back if it is not used",
            "1 BTT came back",
            "2 BTT that the hub has given no answer about",
            "7 BTT, not signed away",
        ):
            assert words in page
        assert "77 BTT" not in page
        assert SILENT not in page
        for other in (stranger, admin):
            assert "97.5" not in page_of(other, SPENDING)

    @pytest.mark.parametrize(
        ("ago_s", "node_runs", "sentence"), [(400, True, SILENT), (400, False, NODE_SILENT), (200, False, "")]
    )
    def test_says_when_nothing_was_heard_of_it_lately_and_why(
        self, holding: Holding, owner: User, ago_s: int, node_runs: bool, sentence: str
    ) -> None:
        at, written = heard(timedelta(seconds=ago_s))
        a_pairing(owner.pk, held_ubtt=3 * BTT, heard_at=at)
        if not node_runs:
            Agent.objects.update(beat_at=at)
        page = page_of(owner, SPENDING)
        assert [words for words in (SILENT, NODE_SILENT) if words in page] == [sentence] * bool(sentence)
        assert written in page

    def test_is_not_asked_by_a_node_that_hides(self, holding: Holding, owner: User, admin: User) -> None:
        Network.objects.create(node=holding.torrent.node, anonymous=True)
        a_pairing(owner.pk, held_ubtt=3 * BTT, heard_at=heard(timedelta(seconds=400))[0])
        for page in (page_of(owner, SPENDING), page_of(admin, HUBS)):
            assert "The node hides behind a proxy" in page
            assert SILENT not in page

    def test_of_which_nothing_was_heard_yet_shows_no_amount(self, holding: Holding, owner: User) -> None:
        a_pairing(owner.pk)
        page = page_of(owner, SPENDING)
        assert "It has not said yet what it holds" in page
        assert "Held there" not in page


class TestAHub:
    def test_tells_the_operator_the_sum_it_holds_and_owes_and_no_name(
        self, holding: Holding, owner: User, stranger: User, admin: User
    ) -> None:
        now, (at, written) = timezone.now(), heard(timedelta(minutes=2))
        a_pairing(owner.pk, held_ubtt=3 * BTT, heard_at=at, account="7")
        a_pairing(owner.pk, node_name="second", held_ubtt=2 * BTT, heard_at=now, account="7", key="cd" * 16)
        a_pairing(stranger.pk, held_ubtt=BTT, heard_at=at, account="8", key="ef" * 16)
        sold = make_torrent("sold.iso")
        a_selling_deal(sold, hub_id=HUB_ID, redeemed_ubtt=BTT)
        older = {"deal_id": "d2" * 16, "channel_id": "c2" * 16, "cumulative_ubtt": BTT, "redeemed_ubtt": 3 * BTT}
        a_selling_deal(sold, hub_id=HUB_ID, **older)  # a backup knows less of it than its hub
        page = page_of(admin, HUBS)
        for words in (">3 BTT<", "in 2 paired accounts", written, "2 of 100 BTT", 'value="20000"'):
            assert words in page
        assert SILENT not in page
        for user in (owner, stranger):
            assert not re.search(rf"\b{user.username}\b", page)
            assert signed_in(user).get(HUBS).status_code == 404

    def test_that_is_silent_says_so(self, holding: Holding, owner: User, admin: User) -> None:
        assert "Nobody here has paired an account there" in page_of(admin, HUBS)
        pairing = a_pairing(owner.pk)
        assert "It has not said yet what it holds" in page_of(admin, HUBS)
        pairing.heard_at = timezone.now() - timedelta(hours=1)
        pairing.save()
        assert SILENT in page_of(admin, HUBS)
        Agent.objects.update(beat_at=pairing.heard_at)
        a_pairing(owner.pk, node_name="second", heard_at=timezone.now(), account="8", key="cd" * 16)
        Agent.objects.create(node_name="second", speed_key="03" + "ef" * 32, beat_at=timezone.now())
        page = page_of(admin, HUBS)
        assert (SILENT in page, NODE_SILENT in page) == (False, True)

    def test_is_not_believed_to_hold_nothing_where_one_of_two_nodes_may_not_ask_any_more(
        self, holding: Holding, owner: User, admin: User
    ) -> None:
        at, written = heard(timedelta(minutes=2))
        a_pairing(owner.pk, held_ubtt=3 * BTT, heard_at=at)
        revoked = {"node_name": "second", "heard_at": timezone.now(), "problem": spenders.REVOKED}
        a_pairing(owner.pk, key="cd" * 16, **revoked)
        page = page_of(admin, HUBS)
        assert (">3 BTT<" in page, written in page) == (True, True)
