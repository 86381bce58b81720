"""The hub over HTTP: whose request it is, that it comes once and in time, and that nonsense gets an answer."""

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from seedbox.models import User
from tests.builders import let_in
from tests.hubs import BUYER, BUYER_KEY, SELLER, SELLER_KEY, STRANGER_KEY
from tests.ledger import ASSET, BTT, fund, user
from wallet.domain.json_fields import BadJson
from wallet.domain.speed1.hub_request import HubRequest
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.keys import public_key_of
from wallet.models import HubKey, HubNonce
from wallet.services import hub_channels, speed_keys
from wallet.web.hub_requests import parse_body

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db

HUB_KEY = public_key_of(bytes(31) + b"\x63")
HUB_ID = hub_id_of(HUB_KEY)


@dataclass
class Caller:
    """A node that signs its requests; what it signs or sends can be bent."""

    key: bytes
    client: Client = field(default_factory=Client)

    def call(self, method: str, path: str, body: Any = None, **bent: Any) -> "Response":
        raw = b"" if body is None else bent.get("raw", json.dumps(body).encode())
        time_s = int(datetime.now(UTC).timestamp()) + bent.get("late_s", 0)
        nonce = bent.get("nonce", secrets.token_bytes(16))
        request = HubRequest(bent.get("hub_id", HUB_ID), method, bent.get("signed_path", path), raw, time_s, nonce)
        headers = {
            "Speed-Key": public_key_of(self.key).hex(),
            "Speed-Time": str(time_s),
            "Speed-Nonce": nonce.hex(),
            "Speed-Sig": request.sign(self.key).hex(),
        } | bent.get("headers", {})
        return self.client.generic(
            method, path, bent.get("sent", raw), content_type="application/json", headers=headers
        )


@pytest.fixture(autouse=True)
def known_hub(db: None) -> Iterator[None]:
    cache.clear()
    HubKey.objects.create(network="devnet", asset=ASSET, key=HUB_KEY.hex(), seen_at=datetime.now(UTC))
    yield


@pytest.fixture
def channel(owner: User) -> str:
    """Return a channel of Olga's, from the buyer's key to the seller's."""
    now = datetime.now(UTC)
    fund(user(owner.pk), 10 * BTT)
    speed_keys.bind_user(owner.pk, BUYER, daily_limit_ubtt=6 * BTT, now=now)
    speed_keys.bind_node(1, SELLER, now=now)
    opened = hub_channels.open_channel(
        caller=BUYER,
        key="first",
        account=str(owner.pk),
        payee_key=SELLER,
        amount_ubtt=BTT,
        expires_s=3_600,
        now=now,
    )
    return opened.id


def code_of(response: "Response") -> tuple[int, str]:
    assert response["Content-Type"] == "application/json"
    assert response.json()["text"]
    return response.status_code, response.json()["code"]


class TestARequest:
    @pytest.mark.parametrize(
        "bent",
        [
            {"signed_path": "/hub/1/offers"},
            {"signed_path": "/hub/1/account?x=1"},
            {"hub_id": bytes(20)},
            {"headers": {"Speed-Sig": "00" * 65}},
            {"headers": {"Speed-Sig": ""}},
            {"headers": {"Speed-Key": SELLER}},
            {"headers": {"Speed-Key": "02" + "00" * 32}},
            {"headers": {"Speed-Nonce": "AB" * 16}},
            {"headers": {"Speed-Time": "1" * 400}},
            {"headers": {"Speed-Time": "-5"}},
        ],
    )
    def test_that_its_key_has_not_signed_as_it_is_opens_nothing(self, bent: dict[str, Any]) -> None:
        assert code_of(Caller(BUYER_KEY).call("GET", "/hub/1/account", **bent))[0] == 401
        assert not HubNonce.objects.exists()

    def test_whose_body_was_changed_on_its_way_opens_nothing(self) -> None:
        answer = Caller(BUYER_KEY).call("POST", "/hub/1/vouchers", {"key": "1"}, sent=b'{"key":"2"}')
        assert code_of(answer) == (401, "not_signed")

    @pytest.mark.parametrize(("late_s", "status"), [(-75, 401), (-50, 200), (50, 200), (75, 401)])
    def test_is_of_this_minute(self, late_s: int, status: int) -> None:
        answer = Caller(BUYER_KEY).call("GET", "/hub/1/account", late_s=late_s)
        assert answer.status_code == status
        assert status == 200 or answer.json()["code"] == "stale"

    def test_comes_once(self) -> None:
        caller, nonce = Caller(BUYER_KEY), bytes(16)
        assert caller.call("GET", "/hub/1/account", nonce=nonce).status_code == 200
        assert code_of(caller.call("GET", "/hub/1/account", nonce=nonce)) == (401, "replayed")
        assert Caller(SELLER_KEY).call("GET", "/hub/1/account", nonce=nonce).status_code == 200

    def test_is_its_keys_whoever_is_signed_in(self, channel: str, owner: User) -> None:
        path = f"/hub/1/channels/{channel}"
        assert Caller(STRANGER_KEY, let_in(owner)).call("GET", path).status_code == 404
        assert let_in(owner).get(path).status_code == 401
        assert Caller(BUYER_KEY).call("GET", path).json()["account"] == str(owner.pk)
        assert Caller(SELLER_KEY).call("GET", path).json()["account"] == ""

    def test_by_another_method_is_told_which(self) -> None:
        answer = Caller(BUYER_KEY).call("DELETE", "/hub/1/account")
        assert (code_of(answer), answer["Allow"]) == ((405, "bad_request"), "GET")
        assert code_of(Client().get("/hub/1/no/such/call")) == (404, "not_found")

    def test_of_another_key_is_revoked_by_nobody_else(self, channel: str) -> None:
        assert code_of(Caller(SELLER_KEY).call("DELETE", f"/hub/1/keys/{BUYER}")) == (404, "not_found")
        assert Caller(BUYER_KEY).call("DELETE", f"/hub/1/keys/{BUYER}").status_code == 200
        assert Caller(BUYER_KEY).call("GET", "/hub/1/account").json() == {"accounts": []}

    def test_below_a_sub_path_is_signed_without_it(self) -> None:
        below = Client(SCRIPT_NAME="/box")
        assert Caller(BUYER_KEY, below).call("GET", "/hub/1/account?x=%41").status_code == 200
        bent = {"signed_path": "/box/hub/1/account?x=%41"}
        assert Caller(BUYER_KEY, below).call("GET", "/hub/1/account?x=%41", **bent).status_code == 401


class TestABody:
    @pytest.mark.parametrize(
        "raw",
        [b"", b"{", b"[]", b"7", b'"x"', b'{"key":NaN}', b"\xff", b"[" * 100_000, b'{"key":' + b"9" * 5_000 + b"}"],
    )
    def test_that_is_no_object_is_refused(self, raw: bytes) -> None:
        answer = Caller(BUYER_KEY).call("POST", "/hub/1/channels", {}, raw=raw)
        assert code_of(answer) == (400, "bad_request")

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("keys", {"key": "1", "pairing": 7, "daily_limit_ubtt": 1}),
            ("keys", {"key": "1", "pairing": "x", "daily_limit_ubtt": 2**63}),
            ("channels", {"key": "", "account": "7", "payee": SELLER, "amount_ubtt": 256, "expires_s": 3600}),
            ("channels", {"key": "ä", "account": "7", "payee": SELLER, "amount_ubtt": 256, "expires_s": 3600}),
            ("channels", {"key": "1", "account": "7", "payee": SELLER.upper(), "amount_ubtt": 256, "expires_s": 3600}),
            ("channels", {"key": "1", "account": "7", "payee": SELLER, "amount_ubtt": True, "expires_s": 3600}),
            ("channels", {"key": "1", "account": "7", "payee": SELLER, "amount_ubtt": 1.0, "expires_s": 3600}),
            ("vouchers", {"key": "1", "vouchers": []}),
            ("vouchers", {"key": "1", "vouchers": {}}),
            ("vouchers", {"key": "1", "vouchers": [{"channel": "x", "cumulative_ubtt": 1, "sig": "00" * 65}]}),
            ("offers", {"key": "1", "port": 0, "keys": []}),
        ],
    )
    def test_of_nonsense_is_refused_with_a_sentence(self, path: str, body: dict[str, Any]) -> None:
        method = "PUT" if path == "offers" else "POST"
        answer = Caller(BUYER_KEY).call(method, f"/hub/1/{path}", body)
        assert code_of(answer) == (400, "bad_request")

    def test_that_is_too_large_is_refused(self) -> None:
        answer = Caller(BUYER_KEY).call("POST", "/hub/1/channels", {"key": "x" * 1_100_000})
        assert code_of(answer) == (413, "bad_request")

    @given(
        st.binary(max_size=200)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda value: json.dumps(value).encode())
    )
    def test_is_an_object_or_refused(self, raw: bytes) -> None:
        with contextlib.suppress(BadJson):
            assert isinstance(parse_body(raw), dict)

    def test_that_says_nothing_of_its_time_opens_a_channel_for_an_hour(self, channel: str, owner: User) -> None:
        body = {"key": "1", "account": str(owner.pk), "payee": SELLER, "amount_ubtt": 256}
        answer = Caller(BUYER_KEY).call("POST", "/hub/1/channels", body)
        found = answer.json()
        assert (answer.status_code, found["state"]) == (202, "opening")
        assert found["expires_at"] - found["opened_at"] in (3_600, 3_601)  # whole seconds


class TestTrouble:
    def test_with_the_database_is_told_as_such(self, channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*args: object, **named: object) -> None:
            raise OperationalError("the connection is closed")

        monkeypatch.setattr(hub_channels, "seen", away)
        answer = Caller(BUYER_KEY).call("GET", f"/hub/1/channels/{channel}")
        assert code_of(answer) == (503, "busy")
        assert answer["Retry-After"]

    def test_that_nobody_expected_tells_nothing(self, channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def breaks(*args: object, **named: object) -> None:
            raise ZeroDivisionError("secret words")

        monkeypatch.setattr(hub_channels, "seen", breaks)
        answer = Caller(BUYER_KEY).call("GET", f"/hub/1/channels/{channel}")
        assert code_of(answer) == (500, "failed")
        assert "secret words" not in answer.content.decode()

    def test_with_the_signer_says_so(self, settings: Settings) -> None:
        settings.WALLET_ASSET = "trc10"  # for which no key was seen yet
        assert code_of(Caller(BUYER_KEY).call("GET", "/hub/1/account")) == (503, "locked")
        assert code_of(Client().get(f"/hub/1/info?nonce={'00' * 16}")) == (503, "locked")

    @pytest.mark.parametrize("nonce", ["", "00" * 15, "00" * 17, "zz" * 16, "AB" * 16])
    def test_with_a_nonce_of_another_length_is_refused(self, nonce: str) -> None:
        assert code_of(Client().get(f"/hub/1/info?nonce={nonce}")) == (400, "bad_request")


class TestTurns:
    def test_at_what_the_hub_says_of_itself_run_out(self) -> None:
        first: Callable[[], Response] = lambda: Client().get("/hub/1/info?nonce=x")  # noqa: E731  # said many times
        answers = [first() for _ in range(60)]
        late = next(answer for answer in answers if answer.status_code == 429)
        assert code_of(late) == (429, "too_often")
        assert late["Retry-After"] == "1"
        assert Client().get("/hub/1/info?nonce=x", REMOTE_ADDR="192.0.2.7").status_code == 400

    def test_at_pairing_codes_run_out(self) -> None:
        body = {"pairing": "ABCDE", "daily_limit_ubtt": 1}
        answers = [Caller(BUYER_KEY).call("POST", "/hub/1/keys", body | {"key": str(n)}) for n in range(12)]
        assert [answer.status_code for answer in answers].count(403) >= 10
        assert answers[-1].status_code == 429
