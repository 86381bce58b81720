"""Who may open what: one row for each address of the box. An address without a row fails."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from redis import Redis

from seedbox.models import User
from seedbox.models.user import Role
from seedbox.services import people
from seedbox.web.sockets import socket_urls
from tests.builders import NOW, SOMEWHERE, let_in, make_holding, make_observation, make_torrent
from tests.emptying import undone
from tests.ledger import BTT, CHAIN, post, transfer, user
from tests.market_rows import a_bid
from tests.owned import (
    SECRET_NAME,
    Box,
    a_round,
    an_avoided_seller,
    counted_owner,
    deal_about_owners_torrent,
    of_holding,
    of_member,
    owners_account,
    owners_address,
    owners_deposit,
    owners_notice,
    owners_other_login,
    owners_pairing,
    owners_passkey,
    owners_purchase,
    owners_seller,
    owners_withdrawal,
    standing_halt,
)
from tests.safe_answers import faults
from tests.sockets import browser_of
from wallet.domain.kinds import TransferKind

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

PEOPLE = ("owner", "stranger", "admin", "anonymous")
SIGN_IN = "sign in"  # is led to the sign-in page

Answer = int | str


@dataclass(frozen=True)
class Row:
    """What each person gets who opens an address."""

    owner: Answer
    stranger: Answer
    admin: Answer
    anonymous: Answer
    method: str = "get"
    args: Callable[[Box], list[object]] = field(default=lambda box: [])
    form: Callable[[Box], dict[str, object]] = field(default=lambda box: {})


EVERYBODY = Row(200, 200, 200, 200)
MEMBERS = Row(200, 200, 200, SIGN_IN)
OWNER = Row(200, 404, 404, SIGN_IN)
ADMINS = Row(404, 404, 200, SIGN_IN)
NOBODY = Row(401, 401, 401, 401, method="post")  # no login opens the hub: a Speed key signs each request
NOT_HERE = Row(404, 404, 404, SIGN_IN)

ROWS: dict[str, Row] = {
    "overview": MEMBERS,
    "overview_layout": MEMBERS,
    "overview_tile": Row(200, 200, 200, SIGN_IN, args=lambda box: ["active"]),
    "torrents": MEMBERS,
    "torrents_new": MEMBERS,
    "manifest": Row(200, 200, 200, 200),
    "words": Row(200, 200, 200, 200),
    "torrents_fragment": MEMBERS,
    "torrents_columns": Row(302, 302, 302, SIGN_IN, method="post", form=lambda box: {"columns": ["size"]}),
    "torrents_add": Row(200, 200, 200, SIGN_IN, method="post"),
    "torrents_change": Row(
        302, 404, 404, SIGN_IN, method="post", form=lambda box: {"verb": "stop", "ids": [box.holding.pk]}
    ),
    "torrents_undo": Row(302, 302, 302, SIGN_IN, method="post"),
    "torrent": Row(200, 404, 404, SIGN_IN, args=of_holding),
    "download": Row(409, 404, 404, 404, args=lambda box: [box.holding.pk, 0]),  # 409: not finished yet
    "health": MEMBERS,
    "healthz": Row(503, 503, 503, 503),  # no node runs in these tests
    "metrics": Row(403, 403, 403, 403),  # asked by another name than this machine's own, without the token
    "operator": ADMINS,
    "styleguide": ADMINS,
    "network": Row(404, 404, 200, SIGN_IN, args=lambda box: ["local"]),
    "network_answer": Row(404, 404, 200, SIGN_IN, args=lambda box: ["local"]),
    "notices": MEMBERS,
    "notices_panel": MEMBERS,
    "notices_read": Row(302, 302, 302, SIGN_IN, method="post"),
    "notices_choose": Row(302, 302, 302, SIGN_IN, method="post"),
    "notice": Row(302, 404, 404, SIGN_IN, args=owners_notice),
    "notice_read": Row(204, 404, 404, SIGN_IN, method="post", args=owners_notice),
    "people": ADMINS,
    "people_invite": Row(404, 404, 200, SIGN_IN, method="post", form=lambda box: {"role": "admin"}),
    "people_revoke": Row(404, 404, 302, SIGN_IN, method="post", args=lambda box: [box.invitation.pk]),
    "people_sign_up": Row(404, 404, 302, SIGN_IN, method="post", form=lambda box: {"open": "on"}),
    "people_role": Row(404, 404, 302, SIGN_IN, method="post", args=of_member, form=lambda box: {"role": "admin"}),
    "people_active": Row(404, 404, 302, SIGN_IN, method="post", args=of_member, form=lambda box: {"active": "off"}),
    "invitation": Row(302, 302, 302, 302, args=lambda box: [box.token]),
    "account_login": Row(302, 302, 302, 200),
    "account_logout": MEMBERS,
    "account_inactive": EVERYBODY,
    "account_signup": Row(302, 302, 302, 200),  # 200: the page that says that sign-up is closed
    "account_reauthenticate": Row(200, 200, 200, SIGN_IN),
    "account_change_password": Row(200, 200, 200, SIGN_IN),
    "people_factor_rule": Row(404, 404, 302, SIGN_IN, method="post", form=lambda box: {"rule": "nobody"}),
    "people_reset_factors": Row(404, 404, 302, SIGN_IN, method="post", args=of_member),
    "audit": ADMINS,
    "display": MEMBERS,
    "display_choose": Row(302, 302, 302, SIGN_IN, method="post"),
    "security": MEMBERS,
    "security_log": MEMBERS,
    "login_end": Row(302, 404, 404, SIGN_IN, method="post", args=lambda box: [owners_other_login(box)]),
    "logins_end_others": Row(302, 302, 302, SIGN_IN, method="post"),
    "factor_wanted": Row(302, 302, 302, SIGN_IN),  # nobody must have one here
    "mfa_index": Row(302, 302, 302, SIGN_IN),
    "mfa_authenticate": Row(302, 302, 302, SIGN_IN),
    "mfa_reauthenticate": Row(302, 302, 302, SIGN_IN),  # without a second factor it leads on to the password
    "mfa_reauthenticate_webauthn": Row(302, 302, 302, SIGN_IN),
    "mfa_activate_totp": Row(200, 200, 200, SIGN_IN),
    "mfa_deactivate_totp": Row(404, 404, 404, SIGN_IN),
    "mfa_view_recovery_codes": Row(404, 404, 404, SIGN_IN),
    "mfa_generate_recovery_codes": Row(200, 200, 200, SIGN_IN),
    "mfa_list_webauthn": Row(302, 302, 302, SIGN_IN),
    "mfa_add_webauthn": Row(200, 200, 200, SIGN_IN),
    "mfa_remove_webauthn": Row(200, 404, 404, SIGN_IN, args=lambda box: [owners_passkey(box)]),
    "mfa_login_webauthn": Row(302, 302, 302, SIGN_IN),
    "tip": MEMBERS,
    "tip_send": Row(302, 302, 302, SIGN_IN, method="post"),  # without what was confirmed it leads back to the form
    "withdraw": MEMBERS,
    "withdraw_send": Row(302, 302, 302, SIGN_IN, method="post"),  # without a second factor it leads to setting one up
    "withdrawals": MEMBERS,
    "withdrawal": Row(200, 404, 404, SIGN_IN, args=owners_withdrawal),
    "withdrawal_cancel": Row(302, 404, 404, SIGN_IN, method="post", args=owners_withdrawal),
    "withdrawal_want_back": Row(302, 404, 404, SIGN_IN, method="post", args=owners_withdrawal),
    "addresses": MEMBERS,
    "addresses_check": Row(200, 200, 200, SIGN_IN, method="post"),  # 200: the form says what is missing
    "addresses_remove": Row(302, 404, 404, SIGN_IN, method="post", args=owners_address),
    "desk_withdrawal": Row(404, 404, 200, SIGN_IN, args=owners_withdrawal),
    "desk_approve": Row(404, 404, 302, SIGN_IN, method="post", args=owners_withdrawal),
    "desk_reject": Row(404, 404, 302, SIGN_IN, method="post", args=owners_withdrawal),
    "count_owed": Row(404, 404, 302, SIGN_IN, method="post"),
    "books_account": Row(404, 404, 200, SIGN_IN, args=owners_account),
    "operator_act": Row(404, 404, 200, SIGN_IN, args=lambda box: ["grant"]),
    "operator_carry_out": Row(404, 404, 302, SIGN_IN, method="post"),
    "deposit": MEMBERS,
    "deposit_list": MEMBERS,
    "deposit_came": Row(200, 404, 404, SIGN_IN, args=owners_deposit),
    "deposit_faucet": Row(302, 302, 302, SIGN_IN, method="post"),  # none runs in these tests: back with a word
    "reserves_fuel": Row(404, 404, 404, SIGN_IN, method="post"),  # there is no hot address in these tests
    "reserves_lift": Row(404, 404, 200, SIGN_IN, args=standing_halt),
    "money": MEMBERS,
    "money_history": MEMBERS,
    "money_export": replace(MEMBERS, args=lambda box: ["csv"]),
    "money_entry": Row(200, 404, 404, SIGN_IN, args=lambda box: [box.transfer_id]),
    "hub_info": Row(400, 400, 400, 400),  # without a nonce
    **dict.fromkeys(("hub_keys", "hub_channels", "hub_vouchers"), NOBODY),
    "hub_account": Row(401, 401, 401, 401),  # no login opens the hub: a Speed key signs each request
    "hub_statement": Row(401, 401, 401, 401),
    "hub_offers": Row(401, 401, 401, 401),
    "hub_key": Row(405, 405, 405, 405, args=lambda box: ["02" + "ab" * 32]),
    "hub_channel": Row(401, 401, 401, 401, args=lambda box: ["ab" * 16]),
    "hub_top_up": replace(NOBODY, args=lambda box: ["ab" * 16]),
    "hub_close": replace(NOBODY, args=lambda box: ["ab" * 16]),
    "hub_nothing_here": Row(404, 404, 404, 404, args=lambda box: ["nothing"]),
    "demo": NOT_HERE,  # offered by a whole box on one machine alone
    "demo_now": NOT_HERE,
    "demo_start": replace(NOT_HERE, method="post"),
    "demo_stop": replace(NOT_HERE, method="post"),
    **dict.fromkeys(("own_acts", "owed", "market", "market_earning", "market_auto", "market_spending"), MEMBERS),
    **dict.fromkeys(
        ("desk", "desk_now", "desk_rules", "books", "operator_acts", "reserves", "reserves_halt", "market_hubs"), ADMINS
    ),
    **dict.fromkeys(("earnings", "earnings_data", "earnings_csv", "earnings_prices", "earnings_prices_csv"), MEMBERS),
    "market_selling": Row(200, 404, 200, SIGN_IN, args=deal_about_owners_torrent),
    "market_peer": Row(200, 404, 404, SIGN_IN, args=owners_seller),
    "market_buying": Row(200, 404, 404, SIGN_IN, args=owners_purchase),
    "market_node": Row(404, 404, 200, SIGN_IN, args=lambda box: ["local"]),
    "market_rounds": Row(404, 404, 200, SIGN_IN, args=lambda box: ["local"]),
    "market_round": Row(404, 404, 200, SIGN_IN, args=a_round),
    "market_bid": Row(200, 404, 404, SIGN_IN, args=of_holding),
    "market_withdraw": Row(302, 404, 404, SIGN_IN, method="post", args=of_holding),
    "market_story": Row(200, 404, 404, SIGN_IN, args=of_holding),
    "market_switch": Row(302, 404, 404, SIGN_IN, method="post", args=of_holding),
    "market_stop": Row(302, 404, 404, SIGN_IN, method="post", args=of_holding),
    "market_bid_end": Row(302, 404, 404, SIGN_IN, method="post", args=lambda box: [a_bid(box.holding).pk]),
    "market_forgive": Row(404, 404, 302, SIGN_IN, method="post", args=an_avoided_seller),
    "market_offer": Row(404, 404, 404, SIGN_IN, args=of_holding),  # for an admin who holds it
    "market_auto_off": Row(302, 302, 302, SIGN_IN, method="post"),
    "market_auto_stop": Row(302, 302, 302, SIGN_IN, method="post"),
    "market_auto_torrent": Row(200, 404, 404, SIGN_IN, args=of_holding),
    "market_code": Row(200, 200, 200, SIGN_IN, method="post"),  # 200: the page says why there is no code
    "market_revoke": Row(302, 302, 302, SIGN_IN, method="post", args=lambda box: ["02" + "ab" * 32]),
    "market_pair": Row(200, 200, 200, SIGN_IN, method="post"),
    "market_hub": Row(
        404, 404, 404, SIGN_IN, method="post", args=lambda box: [1], form=lambda box: {"is_trusted": "on"}
    ),
    "market_hub_move": Row(404, 404, 404, SIGN_IN, method="post", args=lambda box: [1]),
    "market_hub_remove": Row(404, 404, 404, SIGN_IN, method="post", args=lambda box: [1]),
    "market_unpair": Row(302, 404, 404, SIGN_IN, method="post", args=owners_pairing),
    "market_fee": Row(404, 404, 200, SIGN_IN, method="post"),
    "owed_proof": Row(200, 404, 404, SIGN_IN, args=counted_owner),
}


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern)
        else:
            yield pattern


def names() -> list[str]:
    return [pattern.name or str(pattern.pattern) for pattern in patterns(get_resolver())]


@pytest.fixture
def box(owner: User, stranger: User, admin: User) -> Box:
    torrent = make_torrent(SECRET_NAME)
    make_observation(torrent)
    fresh = people.invite(created_by=admin, role=Role.MEMBER, origin=SOMEWHERE, now=NOW.replace(year=2999))
    paid = post(transfer(CHAIN, user(owner.pk), BTT, memo=SECRET_NAME, kind=TransferKind.DEPOSIT)).transfer_id
    assert paid
    return Box(make_holding(owner, torrent), fresh.invitation, fresh.token, stranger, paid)


def open_as(person: str, name: str, box: Box) -> "Response":
    row = ROWS[name]
    name_of = {"owner": "olga", "stranger": "sam", "admin": "ada"}
    client = Client() if person == "anonymous" else let_in(User.objects.get(username=name_of[person]))
    address = reverse(name, args=row.args(box))
    response = client.post(address, row.form(box)) if row.method == "post" else client.get(address)
    return response


def body_of(response: "Response") -> str:
    return b"".join(async_to_sync(sent)(response)).decode() if response.streaming else response.content.decode()


async def sent(response: "Response") -> list[bytes]:
    pieces: AsyncIterator[bytes] = aiter(response)  # type: ignore[arg-type]  # the stubs know of no streams here
    return [piece async for piece in pieces]


def answer(response: "Response") -> Answer:
    led_to_sign_in = response.status_code == 302 and response["Location"].startswith(reverse("account_login"))
    return SIGN_IN if led_to_sign_in else response.status_code


class TestEveryAddress:
    def test_has_a_row_and_every_row_an_address(self) -> None:
        assert sorted(names()) == sorted(ROWS)

    @pytest.mark.django_db
    @pytest.mark.parametrize("name", ROWS)
    def test_answers_each_person_as_its_row_says_and_hides_another_users_torrent(self, name: str, box: Box) -> None:
        answers = {}
        for person in PEOPLE:
            with undone():
                response = open_as(person, name, box)
                answers[person] = answer(response)
                assert faults(response) == []
                assert "no-store" in response.headers["Cache-Control"]  # the back button shows it to nobody else
                body = body_of(response) if person != "owner" else ""
                if "data-socket" in body:
                    assert ('data-watch="admins"' in body) == (person == "admin")
                if person != "owner":
                    assert SECRET_NAME not in body
                    assert SECRET_NAME not in str(response.headers)
                    box.holding.refresh_from_db()
                    assert box.holding.runs
            box.holding.refresh_from_db()
        assert answers == {person: getattr(ROWS[name], person) for person in PEOPLE}

    @pytest.mark.django_db
    def test_answers_a_stranger_about_a_real_torrent_as_about_none(self, box: Box, stranger: User) -> None:
        client = Client()
        client.force_login(stranger)
        real = client.get(reverse("torrent", args=[box.holding.pk]))
        none = client.get(reverse("torrent", args=[box.holding.pk + 1000]))
        assert real.content == none.content

    @pytest.mark.django_db
    def test_changes_nothing_when_one_of_several_torrents_is_not_the_users(self, box: Box, stranger: User) -> None:
        own = make_holding(stranger, make_torrent("own.iso"))
        client = Client()
        client.force_login(stranger)
        ids = [own.pk, box.holding.pk]
        assert client.post(reverse("torrents_change"), {"verb": "stop", "ids": ids}).status_code == 404
        own.refresh_from_db()
        assert own.runs


@pytest.mark.usefixtures("committed_books")
class TestEverySocket:
    def test_is_the_one_that_is_tried_here(self) -> None:
        assert [str(pattern.pattern) for pattern in socket_urls] == ["live/"]

    def test_tells_a_holding_to_its_owner_only(self, box: Box, redis_client: Redis) -> None:
        row = f"holding-{box.holding.pk}"
        heard = {person: hear_about(row, detail=f"detail-{box.holding.pk}", person=person) for person in PEOPLE}
        assert heard == {"owner": True, "stranger": False, "admin": False, "anonymous": False}


def hear_about(row: str, *, detail: str, person: str) -> bool:
    who = User.objects.filter(username={"owner": "olga", "stranger": "sam", "admin": "ada"}.get(person, "")).first()

    async def watch() -> bool:
        async with browser_of(who) as browser:
            if who is None:
                return await browser.close_code() < 4000
            await browser.say(watch=[row, detail])
            if await browser.hears_nothing():
                return False
            return SECRET_NAME in str(await browser.hear())

    return async_to_sync(watch)()
