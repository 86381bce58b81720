"""What Prometheus reads at /metrics, who may read it, and what it costs."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from seedbox.config import joints
from seedbox.config.env import ROOT
from seedbox.domain.states import State
from seedbox.models import User
from seedbox.services import metrics
from seedbox.services.task_tallies import TaskTimes
from seedbox.web.metrics import REFUSAL
from speed.models import Round
from tests.builders import make_holding, make_observation, make_torrent
from tests.integration.test_operator_page import GIB, a_node
from tests.ledger import BTT, CHAIN, fund, post, transfer, user
from tests.prometheus import Family, read
from wallet.models import HaltReason
from wallet.services import halts

pytestmark = pytest.mark.django_db

TOKEN = "k7Qw-3.nE~v_pR+8/hG2=mXtB5zLc9Yd"
HERE = {"Host": "localhost"}
DASHBOARD = ROOT / "docker" / "grafana-dashboard.json"
A_METRIC = re.compile(r"\bseedbox_[a-z0-9_]+")


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    metrics.page.forget()
    yield
    metrics.page.forget()


def page(*, sender: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    response = Client().get(reverse("metrics"), headers=HERE | names, REMOTE_ADDR=sender)
    return response.status_code, response.content.decode()


def families() -> dict[str, Family]:
    status, body = page()
    assert status == 200
    return read(body)


def values(family: Family, label: str) -> dict[str, float]:
    return {dict(labels)[label]: value for (_, labels), value in family.samples.items()}


class TestThePage:
    def test_counts_torrents_nodes_disks_people_and_tasks(self, owner: User, admin: User) -> None:
        a_node(counters={"live_messages_lost": 4, "sent_bytes": 77})
        torrent = make_torrent("a film")
        make_observation(torrent, state=State.SEEDING, up_bytes_per_s=2048)
        make_holding(owner, torrent)
        make_holding(admin, torrent)
        times = TaskTimes("wallet")
        for took_ms in (100, 400):
            times.note("wallet.seal_new", took_ms=took_ms, failed=took_ms == 400, now=timezone.now())
        times.store(timezone.now())
        found = families()
        assert values(found["seedbox_torrents"], "state") == {state.value: 0.0 for state in State} | {"seeding": 1.0}
        assert values(found["seedbox_node_upload_bytes_per_second"], "node") == {"local": 2048.0}
        assert values(found["seedbox_node_up"], "node") == {"local": 1.0}
        assert values(found["seedbox_disk_free_bytes"], "folder") == {"main": 2.0 * GIB}
        assert values(found["seedbox_live_messages_lost_total"], "node") == {"local": 4.0}
        assert list(found["seedbox_holdings"].samples.values()) == [2.0]
        assert values(found["seedbox_users"], "role") == {"admin": 1.0, "member": 1.0}
        took = {name: value for (name, _), value in found["seedbox_task_seconds"].samples.items()}
        assert took == {"seedbox_task_seconds_sum": 0.5, "seedbox_task_seconds_count": 2.0}
        assert values(found["seedbox_task_failures_total"], "task") == {"wallet.seal_new": 1.0}

    def test_counts_the_money_in_whole_units_of_the_books(self, owner: User) -> None:
        fund(user(owner.pk), 12 * BTT + 1)
        halts.halt(HaltReason.AUDIT, "because", timezone.now())
        found = families()
        assert values(found["seedbox_ledger_liabilities_ubtt"], "asset") == {"BTT": 12_000_001.0}
        assert values(found["seedbox_ledger_own_ubtt"], "asset") == {"BTT": 0.0}
        assert {reason for reason, count in values(found["seedbox_halts"], "reason").items() if count} == {"audit"}
        assert set(values(found["seedbox_withdrawals"], "state").values()) == {0.0}

    def test_tells_the_price_of_a_round_that_is_no_older_than_a_minute(self) -> None:
        a_node()
        now = datetime.now(UTC)
        for age_s, price in ((600, 5), (20, 7)):
            at = now - timedelta(seconds=age_s)
            Round.objects.create(
                node_name="local",
                number=int(at.timestamp()) // 10,
                at=at,
                ask_ubtt_per_gib=1,
                for_sale_bytes_per_s=100,
                price_ubtt_per_gib=price,
                granted_bytes_per_s=60,
                bids=1,
                bids_hash="ab" * 32,
            )
        assert values(families()["seedbox_round_price_ubtt_per_gib"], "node") == {"local": 7.0}
        Round.objects.filter(price_ubtt_per_gib=7).delete()
        metrics.page.forget()
        assert families()["seedbox_round_price_ubtt_per_gib"].samples == {}

    def test_names_no_user_no_torrent_no_folder_and_no_address(self, owner: User) -> None:
        a_node(listens_on=["192.0.2.7:6881"])
        make_holding(owner, make_torrent("olgas-secret-film.mkv"))
        post(transfer(CHAIN, user(owner.pk), BTT, memo="olgas-secret-memo"))
        _, body = page()
        assert "seedbox_holdings 1" in body
        assert [secret for secret in ("olga", "secret", "/srv", "192.0.2.7") if secret in body] == []

    def test_has_no_word_of_money_on_a_box_without_a_wallet(self, settings: Settings) -> None:
        reverse("money")  # addresses are read once, with those of money, for all tests
        before = settings.WALLET_NETWORK
        times = TaskTimes("wallet")  # it had one once
        times.note("wallet.read_chain", took_ms=7, failed=False, now=timezone.now())
        times.store(timezone.now())
        settings.WALLET_NETWORK = "off"
        joints.join("off")
        try:
            a_node()
            found = families()
            assert "seedbox_holdings" in found
            words = ("ubtt", "ledger", "halt", "withdrawal", "deal", "channel", "round", "wallet")
            _, body = page()
            assert [word for word in words if word in body] == []
        finally:
            joints.join(before)

    def test_costs_a_few_questions_and_a_scraper_that_asks_all_the_time_none(self, owner: User) -> None:
        a_node()
        with CaptureQueriesContext(connection) as first:
            page()
        with CaptureQueriesContext(connection) as second:
            page()
        assert len(first) <= 32
        assert len(second) == 0


class TestWhoMayRead:
    @pytest.mark.parametrize("sender", ["127.0.0.1", "127.8.0.9", "::1", "::ffff:127.0.0.1"])
    def test_is_a_program_on_this_machine(self, sender: str) -> None:
        assert page(sender=sender)[0] == 200

    @pytest.mark.parametrize("sender", ["203.0.113.9", "10.0.0.5", "::ffff:203.0.113.9", "", "localhost"])
    def test_is_nobody_elsewhere_and_the_refusal_says_what_to_do(self, sender: str) -> None:
        assert page(sender=sender) == (403, REFUSAL)
        assert "SEEDBOX_METRICS_TOKEN" in REFUSAL

    @pytest.mark.parametrize(
        "header",
        ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"],
    )
    def test_is_nobody_who_comes_by_a_proxy_on_this_machine(self, header: str) -> None:
        assert page(**{header: "127.0.0.1"}) == (403, REFUSAL)

    def test_is_nobody_who_asks_by_another_name_of_the_box(self, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["box.example.org", "localhost"]
        assert page(Host="box.example.org") == (403, REFUSAL)
        assert page(Host="localhost:8000")[0] == 200

    @pytest.mark.parametrize("listed", ["127.0.0.1", "10.0.0.1"])
    @pytest.mark.parametrize("forwarded", ["203.0.113.9", "127.0.0.1", "127.0.0.1, 203.0.113.9"])
    def test_is_no_stranger_behind_a_proxy_on_this_machine_whether_it_is_believed_or_not(
        self, settings: Settings, listed: str, forwarded: str
    ) -> None:
        settings.TRUSTED_PROXIES = (listed,)
        assert page(X_Forwarded_For=forwarded) == (403, REFUSAL)

    def test_is_whoever_has_the_token_wherever_they_are(self, settings: Settings) -> None:
        settings.METRICS_TOKEN = TOKEN
        assert page(sender="203.0.113.9", Authorization=f"Bearer {TOKEN}")[0] == 200
        assert page(sender="203.0.113.9", Authorization=f"bearer {TOKEN}")[0] == 200
        assert page(sender="203.0.113.9", X_Forwarded_For="1.1.1.1", Authorization=f"Bearer {TOKEN}")[0] == 200

    @pytest.mark.parametrize(
        "shown", [f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ", "Bearer", f"Basic {TOKEN}"]
    )
    def test_is_nobody_with_a_wrong_one_not_even_here(self, settings: Settings, shown: str) -> None:
        settings.METRICS_TOKEN = TOKEN
        assert page(sender="203.0.113.9", Authorization=shown) == (403, REFUSAL)
        assert page(Authorization=shown) == (403, REFUSAL)

    @pytest.mark.parametrize("shown", ["Bearer ", "Bearer \xe9", "Bearer x"])
    def test_is_nobody_with_a_token_while_none_is_set(self, shown: str) -> None:
        assert page(sender="203.0.113.9", Authorization=shown)[0] == 403

    def test_is_nobody_for_being_an_admin(self, admin: User) -> None:
        client = Client()
        client.force_login(admin)
        assert client.get(reverse("metrics"), headers=HERE, REMOTE_ADDR="203.0.113.9").status_code == 403

    def test_is_told_the_format_and_that_nobody_may_keep_it(self) -> None:
        response = Client().get(reverse("metrics"), headers=HERE)
        assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "no-store" in response["Cache-Control"]
        assert Client().post(reverse("metrics"), headers=HERE).status_code == 405


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for one in board["panels"] for panel in (one, *one.get("panels", []))]


class TestTheDashboardForGrafana:
    board: dict[str, Any] = json.loads(DASHBOARD.read_text())

    def test_asks_for_nothing_that_the_box_does_not_export(self) -> None:
        a_node()
        exported = {
            f"{name}{suffix}"
            for name, family in families().items()
            for suffix in (("_sum", "_count") if family.kind == "summary" else ("",))
        }
        texts = [target["expr"] for panel in panels(self.board) for target in panel.get("targets", [])]
        texts += [json.dumps(variable["query"]) for variable in self.board["templating"]["list"]]
        asked = set(A_METRIC.findall(" ".join(texts)))
        assert len(asked) >= 25
        assert sorted(asked - exported) == []

    def test_has_panels_with_ids_units_and_a_source_of_their_own_choice(self) -> None:
        found = panels(self.board)
        ids = [panel["id"] for panel in found]
        assert len(set(ids)) == len(ids)
        assert {variable["type"] for variable in self.board["templating"]["list"]} >= {"datasource"}
        for panel in found:
            if panel["type"] == "row":
                continue
            assert panel["datasource"]["uid"] == "${datasource}"
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert panel["title"]
            assert {target["refId"] for target in panel["targets"]}

    def test_lays_no_panel_over_another(self) -> None:
        taken: set[tuple[int, int]] = set()
        for panel in self.board["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert place["x"] + place["w"] <= 24
            assert not cells & taken, panel["title"]
            taken |= cells
