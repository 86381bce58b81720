"""The pages of a user's own money: what they show, to whom, and that a box without a wallet has none."""

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from seedbox.config import joints, urls
from seedbox.models import User
from tests.builders import NOW
from tests.ledger import ASSET, BTT, TREASURY, fund, place_hold, post, transfer, user
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.proofs import verify_json
from wallet.models import Account
from wallet.services import liabilities, seals, statements

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
OLGAS_FORTUNE = "7,654,321"  # what olga has, which nobody else may read anywhere


@pytest.fixture
def tip(owner: User, stranger: User) -> int:
    """Olga has a fortune of a telling size, and sends Sam 2.5 BTT."""
    fund(user(owner.pk), 7_654_321 * BTT + 2_500_000)
    outcome = post(transfer(user(owner.pk), user(stranger.pk), 2_500_000, memo="for the film", cause="tip/41"))
    assert outcome.transfer_id
    return outcome.transfer_id


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def show(person: User, address: str = "", **query: str) -> str:
    return text_of(client_of(person).get(address or reverse("money"), query))


def text_of(response: "Response") -> str:
    """Return what a reader sees: no tags, no templates of the live script, single spaces."""
    assert response.status_code == 200
    page = re.sub(r"<template>.*?</template>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


class TestTheMoneyPage:
    def test_of_somebody_without_any_says_how_some_comes(self, owner: User) -> None:
        page = show(owner)
        assert "Available 0 BTT" in page
        assert "No BTT yet" in page
        assert "by your user name, olga" in page

    def test_shows_the_balance_what_is_held_and_what_happened(self, owner: User, tip: int) -> None:
        post(place_hold(user(owner.pk), 321 * BTT, cause="budget/9"))
        page = show(owner)
        assert "Available 7,654,000 BTT" in page
        assert "Held 321 BTT" in page
        assert f"A budget budget/9 {NOW + HOUR:%Y-%m-%d %H:%M} 321 BTT" in page
        assert "Tip sent to sam for the film paid 2.5 BTT \N{MINUS SIGN}2.5 BTT 7,654,321 BTT" in page
        assert "Deposit from the chain received 7,654,323.5 BTT +7,654,323.5 BTT" in page

    def test_never_shows_what_the_other_side_has(self, stranger: User, tip: int) -> None:
        for page in (show(stranger), show(stranger, reverse("money_entry", args=[tip]))):
            assert "olga" in page
            assert OLGAS_FORTUNE not in page

    def test_of_a_frozen_account_says_so(self, owner: User, tip: int) -> None:
        Account.objects.filter(ref=str(owner.pk)).update(is_frozen=True)
        assert "An operator has frozen this account" in show(owner)

    def test_shows_the_newest_seal_to_be_noted_elsewhere(self, owner: User, tip: int) -> None:
        assert "Newest seal" not in show(owner)
        seals.seal_new(now=NOW)
        assert f"Newest seal as you opened this page: 1:{seals.newest().hash.hex()} " in show(owner)

    def test_is_filtered_by_its_address(self, owner: User, tip: int) -> None:
        assert "Tip sent" not in show(owner, kind="deposit")
        assert "Deposit from" not in show(owner, who="sam")
        assert "Tip sent to sam" in show(owner, who="sam", q="FILM", **{"from": "2024-11-23", "to": "2024-11-23"})
        assert "No such entry" in show(owner, q="nothing of that kind")
        assert "No such entry" in show(owner, to="2024-11-22")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("kind", "nonsense"), ("kind", "DEPOSIT"), ("from", "yesterday"), ("from", "0001-01-01"),
            ("to", "9999-12-31"), ("before", "-1"), ("before", "x"), ("before", "9" * 30), ("before", "\u0661"),
            ("q", "\0"), ("who", "\0"),
        ],
    )  # fmt: skip
    def test_takes_what_makes_no_sense_as_not_said(self, owner: User, tip: int, name: str, value: str) -> None:
        assert "Tip sent to sam" in show(owner, **{name: value})

    def test_leads_to_older_entries_and_says_how_far_a_search_came(
        self, owner: User, stranger: User, tip: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(statements, "MAX_LOOKED_AT", 1)
        answer = client_of(owner).get(reverse("money"), {"kind": "deposit"})
        assert "Searched back to 2024-11-23 12:00." in text_of(answer)
        assert b"?kind=deposit&amp;before=2" in answer.content
        assert "Deposit from" in show(owner, kind="deposit", before="2")

    def test_part_that_htmx_fetches_is_the_history_alone(self, owner: User, tip: int) -> None:
        answer = client_of(owner).get(
            reverse("money_history"), {"kind": "tip", "who": ""}, headers={"HX-Source": "form#history-filter"}
        )
        assert answer["HX-Replace-Url"] == f"{reverse('money')}?kind=tip"
        assert answer.content.lstrip().startswith(b'<div class="history"')

    def test_with_an_old_part_of_the_history_takes_no_new_entries(self, owner: User, tip: int) -> None:
        client = client_of(owner)
        assert b'data-head="entries"' in client.get(reverse("money")).content
        assert b'data-head="entries"' not in client.get(reverse("money"), {"before": "2"}).content
        assert b'data-head="entries"' not in client.get(reverse("money"), {"kind": "deposit"}).content

    def test_shows_a_memo_as_text(self, owner: User, stranger: User, tip: int) -> None:
        post(transfer(user(stranger.pk), user(owner.pk), 1, memo="<img src=x onerror=alert(1)>"))
        assert b"&lt;img src=x" in client_of(owner).get(reverse("money")).content


class TestAnEntrysPage:
    def test_tells_both_sides_in_words_and_the_cause(self, owner: User, stranger: User, tip: int) -> None:
        address = reverse("money_entry", args=[tip])
        by_owner, by_stranger = show(owner, address), show(stranger, address)
        assert "Tip sent paid 2.5 BTT" in by_owner
        assert "From you to sam" in by_owner
        assert "Your balance after it 7,654,321 BTT" in by_owner
        assert "Entry 2 of your account" in by_owner
        assert "Tip received received 2.5 BTT" in by_stranger
        assert "From olga to you" in by_stranger
        assert "Your balance after it 2.5 BTT" in by_stranger
        for page in (by_owner, by_stranger):
            assert "Cause tip/41" in page
            assert "Not sealed yet" in page

    def test_carries_a_proof_for_both_sides_that_tells_neither_what_the_other_has(
        self, owner: User, stranger: User, tip: int
    ) -> None:
        seals.seal_new(now=NOW)
        for person in (owner, stranger):
            page = client_of(person).get(reverse("money_entry", args=[tip])).content.decode()
            found = re.search(r'<script id="proof-document" type="application/json">(.*?)</script>', page)
            assert found and verify_json(found[1].encode())
            assert OLGAS_FORTUNE.replace(",", "") not in found[1]

    def test_is_not_there_for_anybody_else(self, admin: User, tip: int) -> None:
        client = client_of(admin)
        answers = [client.get(reverse("money_entry", args=[number])) for number in (tip, tip + 1_000, 10**17)]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert answers[0].content == answers[1].content

    def test_leads_to_what_it_takes_back(self, owner: User) -> None:
        fund(TREASURY, BTT)
        grant = post(transfer(TREASURY, user(owner.pk), BTT, kind=TransferKind.GRANT)).transfer_id
        assert grant
        wish = transfer(user(owner.pk), TREASURY, BTT, kind=TransferKind.REVERSAL, reverses=grant, cause="act/1")
        back = post(wish).transfer_id
        assert f"Taken back by Transfer {back}" in show(owner, reverse("money_entry", args=[grant]))
        assert f"Takes back Transfer {grant}" in show(owner, reverse("money_entry", args=[back]))


class TestWhatTheBoxOwesMe:
    def test_says_when_it_is_counted_for_the_first_time(self, owner: User, tip: int) -> None:
        assert "Nothing has been counted yet" in show(owner, reverse("owed"))
        assert client_of(owner).get(reverse("owed_proof", args=[1])).status_code == 404

    def test_shows_each_their_part_of_the_same_total(self, owner: User, stranger: User, tip: int) -> None:
        seals.seal_new(now=NOW)
        taken = liabilities.take_snapshot(ASSET, NOW)
        by_owner, by_stranger = show(owner, reverse("owed")), show(stranger, reverse("owed"))
        assert "Counted for you 7,654,321 BTT" in by_owner
        assert "Counted for you 2.5 BTT" in by_stranger
        for page in (by_owner, by_stranger):
            for words in ("Owed to all users 7,654,323.5 BTT", "Taken 2024-11-23 12:00:00", "Leaves 16 :", "Seal 1 :"):
                assert words in page
            assert f"Hash {taken.hash.hex()}" in page
        assert OLGAS_FORTUNE not in by_stranger

    def test_gives_the_proof_to_verify_here_and_to_take_along(self, owner: User, tip: int) -> None:
        taken = liabilities.take_snapshot(ASSET, NOW)
        page = client_of(owner).get(reverse("owed")).content.decode()
        found = re.search(r'<script id="proof-document" type="application/json">(.*?)</script>', page)
        file = client_of(owner).get(reverse("owed_proof", args=[taken.pk]))
        assert file["Content-Disposition"] == f'attachment; filename="owed-2024-11-23-{taken.pk}.json"'
        assert found and json.loads(found[1]) == json.loads(file.content)
        assert verify_json(file.content).hash == taken.hash.hex()

    def test_tells_who_had_no_account_that_the_next_count_will_have_it(
        self, owner: User, admin: User, tip: int
    ) -> None:
        taken = liabilities.take_snapshot(ASSET, NOW)
        page = show(admin, reverse("owed"))
        assert "You were not counted" in page
        assert "Next within minutes after 2024-11-24 12:00 UTC" in page
        assert "Verify" not in page
        for number in (taken.pk, taken.pk + 1, 10**30):
            assert client_of(admin).get(reverse("owed_proof", args=[number])).status_code == 404

    def test_has_nothing_of_another_asset(self, owner: User, tip: int) -> None:
        other = liabilities.take_snapshot(Asset.TRC10, NOW)
        assert "Nothing has been counted yet" in show(owner, reverse("owed"))
        assert client_of(owner).get(reverse("owed_proof", args=[other.pk])).status_code == 404


class TestABoxWithoutAWallet:
    def test_has_no_pages_of_money(self) -> None:
        assert [str(part.pattern) for part in urls.addresses("off")] == [""]
        assert str(urls.addresses("devnet")[-1].pattern) == "demo/"
        assert [str(part.pattern) for part in urls.addresses("nile")] == [
            "",
            "wallet/",
            "",
            "",
            "",
            "",
            "hub/1/",
            "market/",
        ]

    def test_has_no_link_to_them(self, owner: User, settings: Settings) -> None:
        client = client_of(owner)
        assert b'href="/wallet/"' in client.get(reverse("torrents")).content
        joints.join("off")
        try:
            assert b"/wallet/" not in client.get(reverse("torrents")).content
        finally:
            joints.join(settings.WALLET_NETWORK)
