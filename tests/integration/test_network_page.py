"""A node's network settings from form and command line to the engine, and its answer back."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from seedbox.domain.network import BadNetwork, NetworkSettings, ProxyKind
from seedbox.engine.port import ConfigureNetwork
from seedbox.models import AuditEntry, Network, Node, User
from seedbox.node.loop import EngineOutdated
from seedbox.services import audit, networking, networks, sealing
from tests.builders import NOW, let_in, make_node
from tests.turns import TurnedNode

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]

FORM: dict[str, object] = {
    "interface": "",
    "port_mapping": "on",
    "proxy_kind": "none",
    "proxy_host": "",
    "proxy_port": 1080,
    "proxy_user": "",
    "proxy_password": "",
    "blocklist_path": "",
    "max_connections": 500,
    "max_upload_slots": 50,
}
BY_PROXY = FORM | {"proxy_kind": "socks5", "proxy_host": "127.0.0.1", "proxy_user": "olga", "proxy_password": "s3cret"}
ADDRESS = "/nodes/local/network/"


def change(settings: NetworkSettings, *, keeps_password: bool = False) -> tuple[str, ...]:
    return networks.change(
        node_name="local", settings=settings, keeps_password=keeps_password, origin=audit.command_line(), now=NOW
    )


@pytest.fixture
def browser(admin: User) -> Client:
    make_node()
    return let_in(admin)


class TestAWish:
    def test_reaches_the_engine_and_is_answered_in_its_version(self) -> None:
        node = TurnedNode()
        node.turn()
        change(NetworkSettings(interface="wg0", max_connections=100))
        assert not networks.standing(networks.find_node("local")).is_answered
        node.turn(times=2)
        assert node.engine.network.settings == NetworkSettings(interface="wg0", max_connections=100)
        standing = networks.standing(networks.find_node("local"))
        assert (standing.is_answered, standing.problem) == (True, "")

        node.engine.missing_interfaces.add("wg0")
        node.turn(times=2)
        assert "wg0" in networks.standing(networks.find_node("local")).problem
        node.stop()

    def test_is_what_an_engine_starts_with(self) -> None:
        make_node()
        change(NetworkSettings(proxy_kind=ProxyKind.HTTP, proxy_host="p", proxy_user="u", proxy_password="s"))
        wish = networking.read_wish(node_id=Node.objects.get().pk)
        assert (wish.version, wish.settings.proxy_password, wish.refusal) == (1, "s", "")

    def test_for_anonymity_wants_a_new_engine(self) -> None:
        node = TurnedNode()
        change(NetworkSettings(anonymous=True))
        with pytest.raises(EngineOutdated):
            node.turn()
        node.stop()

    def test_whose_password_is_sealed_otherwise_leaves_no_way_out(self, settings: Settings) -> None:
        make_node()
        change(NetworkSettings(proxy_kind=ProxyKind.HTTP, proxy_host="p", proxy_user="u", proxy_password="s"))
        settings.SECRET_KEY = "another key"
        wish = networking.read_wish(node_id=Node.objects.get().pk)
        assert wish.settings == ConfigureNetwork().settings
        assert "SEEDBOX_SECRET_KEY" in wish.refusal

    def test_is_refused_with_a_sentence_for_each_field(self) -> None:
        make_node()
        with pytest.raises(BadNetwork) as refusal:
            change(NetworkSettings(interface="no such/name", max_connections=1))
        assert set(refusal.value.problems) == {"interface", "max_connections"}
        assert not Network.objects.exists()


class TestThePage:
    def test_takes_the_form_and_writes_who_did_it(self, browser: Client) -> None:
        assert browser.post(ADDRESS, BY_PROXY).status_code == 302
        network = Network.objects.get()
        assert (network.version, network.proxy_user, network.max_connections) == (1, "olga", 500)
        assert sealing.unseal(network.proxy_password_sealed) == "s3cret"
        detail = AuditEntry.objects.filter(act="setting_changed").get().says
        assert "proxy password" in detail
        assert "s3cret" not in detail

    def test_never_shows_the_password_and_keeps_it_until_it_is_cleared(self, browser: Client) -> None:
        browser.post(ADDRESS, BY_PROXY)
        assert "s3cret" not in browser.get(ADDRESS).content.decode()
        browser.post(ADDRESS, BY_PROXY | {"proxy_password": "", "max_connections": 600})
        assert sealing.unseal(Network.objects.get().proxy_password_sealed) == "s3cret"
        browser.post(ADDRESS, BY_PROXY | {"proxy_password": "", "clear_password": "on"})
        assert Network.objects.get().proxy_password_sealed == ""

    def test_gives_a_refused_form_back_without_the_password(self, browser: Client) -> None:
        response = browser.post(ADDRESS, BY_PROXY | {"proxy_host": "not a host", "max_upload_slots": 5_000})
        page = response.content.decode()
        for words in ("not a host", "less than or equal to 1000", 'value="olga"'):
            assert words in page
        assert "s3cret" not in page
        assert not Network.objects.exists()

    def test_says_applying_until_this_version_is_answered(self, browser: Client) -> None:
        browser.post(ADDRESS, FORM)
        answer = reverse("network_answer", args=["local"])
        assert "Applying" in browser.get(answer).content.decode()
        Node.objects.update(network_version=1, network_answered_at=NOW, network_answer="wg0 is gone.")
        page = browser.get(answer).content.decode()
        assert "Failed" in page
        assert "wg0 is gone." in page
        Node.objects.update(network_answer="")
        assert "Applied" in browser.get(answer).content.decode()

    def test_knows_no_other_node(self, browser: Client) -> None:
        assert browser.get("/nodes/elsewhere/network/").status_code == 404

    def test_asks_for_fresh_proof(self, admin: User) -> None:
        make_node()
        client = Client()
        client.force_login(admin)
        assert "reauthenticate" in client.post(ADDRESS, FORM)["Location"]
        assert not Network.objects.exists()


class TestTheCommand:
    def test_changes_what_is_named_and_shows_it(self, tmp_path: Path) -> None:
        make_node()
        secret = tmp_path / "password"
        secret.write_text("s3cret\n")
        call_command(
            "nodes", "set", "local", "--proxy", "socks5://olga@127.0.0.1:1080", "--proxy-password-file", str(secret)
        )
        out = StringIO()
        call_command("nodes", "set", "local", "--max-connections", "77", "--no-port-mapping", "--json", stdout=out)
        network = Network.objects.get()
        assert (network.proxy_user, network.max_connections, network.port_mapping) == ("olga", 77, False)
        assert sealing.unseal(network.proxy_password_sealed) == "s3cret"
        assert json.loads(out.getvalue())[0]["network"]["version"] == 0
        assert AuditEntry.objects.filter(actor_name="command line").count() == 2

    @pytest.mark.parametrize(
        "arguments",
        [
            ["nowhere", "--interface", "wg0"],
            ["local", "--proxy", "ftp://x:1"],
            ["local", "--proxy", "socks5://u:p@x:1"],
            ["local", "--max-connections", "5"],
            ["local", "--proxy-password-file", "missing"],
        ],
    )
    def test_refuses_nonsense_with_a_sentence(self, arguments: list[str]) -> None:
        make_node()
        with pytest.raises(CommandError):
            call_command("nodes", "set", *arguments)
        assert not Network.objects.exists()
