"""`manage.py wallet`, as a person uses it: words shown once and checked back, files for machines."""

import io
import json
import re
import resource
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from tests.devnet import devnet_here
from tests.signer_process import Running
from tests.signers import HOT, PASSPHRASE, STRANGER, WORDS, found_signer, pays, place_in, request, signer_in
from wallet import wiring
from wallet.domain.money import Asset
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.addresses import to_base58
from wallet.management.commands.wallet import Command
from wallet.signer import keystore
from wallet.signer.protocol import SignerLimited
from wallet.signer.store import NEWEST_FILE

LONG = PASSPHRASE.reveal().decode()


class Person:
    """Types at the prompts: an answer for each, or what was read on the screen before."""

    def __init__(self, *answers: str, shown: io.StringIO, asked: io.StringIO) -> None:
        self.answers = list(answers)
        self.shown = shown
        self.asked = asked

    def isatty(self) -> bool:
        return False

    def readline(self, _: int) -> str:
        prompt = self.asked.getvalue().rstrip().splitlines()[-1].rpartition(": ")[2]
        if self.answers:
            return f"{self.answers.pop(0)}\n"
        if word := re.search(r"Word (\d+):$", self.asked.getvalue().rstrip()):
            found = re.search(rf"\b{word[1]} ([a-z]+)", self.shown.getvalue())
            assert found
            return f"{found[1]}\n"
        if address := re.findall(r"hot address is (\w+)", self.asked.getvalue()):
            return f"{address[-1][-6:]}\n"
        raise AssertionError(f"nobody knows what to type at {prompt}")


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.WALLET_NETWORK = "devnet"
    settings.SIGNER_FOLDER = place_in(tmp_path).folder
    settings.SIGNER_KEY_FILE = place_in(tmp_path).key_file
    settings.SIGNER_SOCKET = tmp_path / "signer.sock"
    return tmp_path


class Terminal:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def run(self, *arguments: str | Path, types: tuple[str, ...] = ()) -> str:
        """Return what the command says; raises CommandError. Who types nothing reads what is on the screen."""
        shown, asked = io.StringIO(), io.StringIO()
        self.shown, self.asked = shown, asked
        with self.monkeypatch.context() as patch:
            patch.setattr("sys.stdin", Person(*types, shown=shown, asked=asked))
            patch.setattr("sys.stderr", asked)
            call_command("wallet", *map(str, arguments), stdout=shown, stderr=asked)
        return shown.getvalue()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(monkeypatch)


class TestInit:
    def test_shows_words_once_and_asks_for_some_of_them(self, folder: Path, terminal: Terminal) -> None:
        said = terminal.run("init", "--key-file")
        words = re.findall(r"\b\d+ ([a-z]+)", said)
        assert len(words) == 24
        assert len(re.findall(r"Word \d+:", terminal.asked.getvalue())) == 3
        signer = signer_in(folder)
        assert f"Hot address: {signer.status().hot_address}" in said
        assert signer.status().ready
        signer.close()
        again = folder / "again"
        found_signer(again, words=" ".join(words)).close()
        assert keystore.load(place_in(again).keys).hot_address in said

    def test_makes_nothing_for_who_did_not_write_them_down(self, folder: Path, terminal: Terminal) -> None:
        with pytest.raises(CommandError, match="were not written down"):
            terminal.run("init", "--key-file", types=("a", "b", "c"))
        assert list(folder.iterdir()) == []

    def test_makes_nothing_where_a_wallet_is_and_shows_no_words(self, folder: Path, terminal: Terminal) -> None:
        found_signer(folder).close()
        with pytest.raises(CommandError, match="there are keys already"):
            terminal.run("init", "--key-file")
        assert terminal.shown.getvalue() == ""


class TestImport:
    @pytest.mark.parametrize("way", ["typed", "from a file"])
    def test_brings_words_and_waits_for_a_person(self, folder: Path, terminal: Terminal, way: str) -> None:
        (folder / "words").write_text(f"{WORDS}\n")
        if way == "typed":
            said = terminal.run("import", "--key-file", types=(f"  {WORDS.upper()} ", to_base58(HOT)[-6:]))
        else:
            said = terminal.run("import", "--key-file", "--file", folder / "words", "--address", to_base58(HOT))
        assert to_base58(HOT) in said
        assert "this box is another hub now" in said
        assert "wallet confirm" in signer_in(folder).status().why_not
        assert "junk" not in said + terminal.asked.getvalue()

    @pytest.mark.parametrize(
        ("typed", "why"),
        [
            (("test " * 12, ""), "do not belong together"),
            (("test test", ""), "24 words"),
            (("jnk " * 12, ""), "not in the list"),
            ((WORDS, "abcdef"), "not how the address ends"),
        ],
    )
    def test_makes_nothing_of_what_is_wrong(
        self, folder: Path, terminal: Terminal, typed: tuple[str, ...], why: str
    ) -> None:
        with pytest.raises(CommandError, match=why) as refusal:
            terminal.run("import", "--key-file", types=typed)
        assert "junk" not in str(refusal.value)
        assert list(folder.iterdir()) == []

    def test_holds_the_words_against_an_address(self, folder: Path, terminal: Terminal) -> None:
        with pytest.raises(CommandError, match="and not TWer"):
            terminal.run("import", "--key-file", "--address", "TWer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL6", types=(WORDS,))
        assert list(folder.iterdir()) == []


class TestKeeping:
    def test_backup_restore_and_rotate_are_one_drill(
        self, folder: Path, terminal: Terminal, settings: Settings
    ) -> None:
        signer = found_signer(folder)
        signature = signer.sign(request())
        signer.close()
        backup = folder / "backup.json"
        said = terminal.run("backup", "--to", backup, types=(LONG, LONG))
        assert "read again and opened: 3 entries" in said
        with pytest.raises(CommandError, match="is there already"):
            terminal.run("backup", "--to", backup)

        settings.SIGNER_FOLDER = place_in(folder / "new").folder
        settings.SIGNER_KEY_FILE = place_in(folder / "new").key_file
        said = terminal.run("restore", backup, "--key-file", types=(LONG,))
        assert "another hub" not in said
        assert "wallet confirm" in said
        before = settings.SIGNER_KEY_FILE.read_text()
        terminal.run("rotate")
        assert settings.SIGNER_KEY_FILE.read_text() != before
        signer = signer_in(folder / "new")
        signer.confirm("drill")
        assert signer.sign(request()) == signature
        signer.close()

    def test_rotate_seals_under_a_passphrase(self, folder: Path, terminal: Terminal) -> None:
        found_signer(folder).close()
        (folder / "passphrase").write_text(f"{LONG}\n")
        for wrong, why in (("short", "12 characters"), ("ß" * 513, "up to 1024 bytes"), ("one\ntwo", "one line")):
            (folder / "wrong").write_text(wrong)
            with pytest.raises(CommandError, match=why):
                terminal.run("rotate", "--passphrase-file", folder / "wrong")
        with pytest.raises(CommandError, match="not the same"):
            terminal.run("rotate", "--passphrase", types=(LONG, f"{LONG}."))
        assert signer_in(folder).status().ready
        terminal.run("rotate", "--passphrase-file", folder / "passphrase")
        signer = signer_in(folder)
        assert "wallet unlock" in signer.status().why_not
        signer.unlock(PASSPHRASE)
        assert signer.status().ready
        assert (folder / "signer.key").read_text() == ""
        signer.close()

    @pytest.mark.parametrize("verb", [("backup", "--to", "b"), ("rotate",)])
    def test_says_so_where_no_wallet_is(self, folder: Path, terminal: Terminal, verb: tuple[str, ...]) -> None:
        with pytest.raises(CommandError, match="there are no keys yet"):
            terminal.run(*verb)


class TestLookingAfterARunningSigner:
    def test_unlock_status_limits_and_confirm(self, folder: Path, terminal: Terminal, settings: Settings) -> None:
        running = Running(folder / "data")
        found_signer(running.data, passphrase=True).close()
        (running.data / "signer" / NEWEST_FILE).unlink()
        settings.SIGNER_SOCKET = running.socket
        with running.process():
            assert "run `manage.py wallet unlock`" in terminal.run("status")
            with pytest.raises(CommandError, match="passphrase or key is wrong"):
                terminal.run("unlock", types=("a long passphrase of oskar",))
            assert "wallet confirm" in terminal.run("unlock", types=(LONG,))
            with pytest.raises(CommandError, match="is none, not withdrawal/1/1"):
                terminal.run("confirm", "--reason", "looked", types=("withdrawal/1/1",))
            assert f"Hot address: {to_base58(HOT)}" in terminal.run("confirm", "--reason", "looked", types=("none",))
            running.client.sign(request())
            status = json.loads(terminal.run("status", "--json"))
            assert (status["ready"], status["newest_signed"]) == (True, ["withdrawal/17/1", request().tx_id.hex()])
            assert status["hub_id"] == hub_id_of(running.client.hub_key(Asset.TRC20)).hex()

            assert "receipts of the hub: 9 in a day" in terminal.run("limits", "--receipts-per-day", "9")
            with pytest.raises(CommandError, match="not below zero"):
                terminal.run("limits", "--receipts-per-day", "-9")
            amounts = ("--per-transaction", "5", "--per-hour", "6", "--per-day", "7")
            said = terminal.run("limits", "--asset", "trc10", *amounts)
            assert "trc10: 5 at once, 6 in an hour, 7 in a day" in said
            shown = json.loads(terminal.run("limits", "--json"))
            limits = shown["limits"]
            assert shown["chosen"] == ["trc10"]
            assert running.client.rules().receipts_per_day_ubtt == 9_000_000
            assert limits["trc10"] == {"per_transaction": 5_000_000, "per_hour": 6_000_000, "per_day": 7_000_000}
            with pytest.raises(CommandError, match="name the --asset"):
                terminal.run("limits", *amounts)
            for wrong in (amounts[:4], ("--per-transaction", "7", "--per-hour", "6", "--per-day", "5")):
                with pytest.raises(CommandError, match=r"per-day|grows from"):
                    terminal.run("limits", "--asset", "trc10", *wrong)
            with pytest.raises(SignerLimited):
                running.client.sign(request(pays(5_000_001), key="withdrawal/18/1"))


class TestTheFaucet:
    def test_gives_some_of_everything(self, settings: Settings) -> None:
        settings.WALLET_NETWORK = "devnet"
        with devnet_here() as chain:
            settings.WALLET_CHAIN_ENDPOINTS = (chain.url, chain.url)
            call_command("wallet", "faucet", to_base58(STRANGER))
            found = wiring.chain().account(STRANGER)
            assert found.balance_sun > 0
            assert found.assets[wiring.network().assets.trc10_id] > 0
            assert wiring.chain().token_balance(wiring.network().assets.trc20_contract, STRANGER) > 0
            wiring.forget_chain()

    @pytest.mark.parametrize(
        ("network", "address", "why"),
        [
            ("nile", to_base58(HOT), "only a devnet"),
            ("off", to_base58(HOT), "has no wallet"),
            ("devnet", "nonsense", "not of TRON"),
            ("devnet", to_base58(HOT), "did not pay"),
        ],
    )
    def test_says_why_it_gives_nothing(self, settings: Settings, network: str, address: str, why: str) -> None:
        settings.WALLET_NETWORK, settings.WALLET_CHAIN_ENDPOINTS = network, ("http://127.0.0.1:1",) * 2
        with pytest.raises(CommandError, match=why):
            call_command("wallet", "faucet", address)


class TestEveryVerb:
    def test_says_so_where_the_wallet_is_off(self, folder: Path, terminal: Terminal, settings: Settings) -> None:
        settings.WALLET_NETWORK = "off"
        with pytest.raises(CommandError, match="has no wallet"):
            terminal.run("status")

    @pytest.mark.parametrize("verb", [("status",), ("limits",), ("unlock",), ("confirm", "--reason", "because")])
    def test_says_so_where_no_signer_runs(self, folder: Path, terminal: Terminal, verb: tuple[str, ...]) -> None:
        with pytest.raises(CommandError, match="does not answer"):
            terminal.run(*verb, types=("x",))

    def test_leaves_no_core(self, folder: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        limits: list[tuple[int, tuple[int, int]]] = []  # the real limit may be down already, for good
        monkeypatch.setattr(resource, "setrlimit", lambda *limit: limits.append(limit))
        with pytest.raises(CommandError):
            terminal.run("status")
        assert limits == [(resource.RLIMIT_CORE, (0, 0))]

    def test_takes_no_secret_as_an_argument(self) -> None:
        parser = Command().create_parser("manage.py", "wallet")
        with pytest.raises(CommandError):
            parser.parse_args(["unlock", LONG])
