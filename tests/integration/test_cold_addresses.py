"""Addresses whose keys the operator keeps elsewhere: watched and counted, and nothing else."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django.fixtures import Settings

from seedbox.models import User
from tests.builders import NOW, let_in
from tests.devnet import devnet_here
from tests.exchange import BTT, BTTOLD, SUN, Exchange
from tests.signers import STRANGER, STRANGER_KEY
from wallet import wiring
from wallet.chain.fake import FAUCET
from wallet.chain.port import MAX_BLOCKS
from wallet.domain.deposits import DepositFate
from wallet.domain.money import Asset
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import BLACK_HOLE, parse_address, to_base58, to_hex
from wallet.domain.tron.transactions import TransferAsset
from wallet.models import Deposit
from wallet.services import address_book, cold_addresses, floats, reconciliation
from wallet.services.refusals import Refused

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

COLD = to_base58(STRANGER)


@pytest.fixture
def exchange(admin: User) -> Exchange:
    made = Exchange()
    made.scan_all()
    return made


class TestAColdAddress:
    def test_counts_as_ours_from_then_on(self, exchange: Exchange, admin: User) -> None:
        cold_addresses.add(exchange.chain, COLD, now=NOW)
        exchange.pay(STRANGER, 7 * BTT)
        exchange.pay(STRANGER, 3 * SUN, Asset.TRX)
        exchange.arrive()
        assert {one.fate for one in Deposit.objects.filter(address=COLD)} == {DepositFate.OPERATOR}
        assert {row.difference for row in reconciliation.run(now=exchange.now)} == {0}
        assert [(one.address, one.held["BTT"], one.held["TRX"]) for one in cold_addresses.listed()] == [
            (COLD, "7", "3")
        ]
        assert [(one.cold, one.total) for one in floats.floats()] == [("7", "7"), ("0", "0"), ("3", "3")]
        assert f"{COLD}</span>" in let_in(admin).get(reverse("reserves")).content.decode()

    def test_is_no_place_to_withdraw_to(self, exchange: Exchange, owner: User) -> None:
        cold_addresses.add(exchange.chain, COLD, now=NOW)
        with pytest.raises(Refused, match="belongs to this box"):
            address_book.add(owner.pk, COLD, label="", now=NOW)

    def test_is_watched_no_longer_when_it_was_empty_and_was_removed(self, exchange: Exchange) -> None:
        cold_addresses.add(exchange.chain, COLD, now=NOW)
        exchange.scan_all()
        cold_addresses.remove(exchange.chain, COLD, now=NOW)
        exchange.pay(STRANGER, 7 * BTT)
        exchange.arrive()
        assert cold_addresses.listed() == []
        assert not Deposit.objects.exists()
        with pytest.raises(Refused, match="no cold address"):
            cold_addresses.remove(exchange.chain, COLD, now=NOW)
        with pytest.raises(Refused, match="has this address already"):
            cold_addresses.add(exchange.chain, COLD, now=NOW)

    def test_with_money_on_it_stays(self, exchange: Exchange) -> None:
        cold_addresses.add(exchange.chain, COLD, now=NOW)
        exchange.pay(STRANGER, 7 * BTT)
        exchange.arrive()
        with pytest.raises(Refused, match="There is 7 BTT on it"):
            cold_addresses.remove(exchange.chain, COLD, now=NOW)


class TestAnAddressThatIsNone:
    def test_is_refused_with_the_reason(self, exchange: Exchange, owner: User) -> None:
        users, hot = to_base58(exchange.address(owner.pk)), to_base58(exchange.hot)
        rich = parse_address(COLD)
        exchange.pay(rich, 5 * BTT)
        exchange.fake.mine()
        swapped = COLD[:-2] + COLD[-1] + COLD[-2]
        for text, why in (
            (hot, "already"),
            (users, "already"),
            (to_base58(DEVNET.assets.trc20_contract), "contract"),
            (to_base58(BLACK_HOLE), "Nobody has the key"),
            (to_hex(rich), "no check sum"),
            (swapped, "Copy the address again"),
            (COLD, "There is 5 BTT on it"),
        ):
            with pytest.raises(Refused, match=why):
                cold_addresses.add(exchange.chain, text, now=NOW)
        assert cold_addresses.listed() == []

    def test_is_refused_while_what_left_it_is_not_read_yet(self, exchange: Exchange) -> None:
        exchange.pay(STRANGER, 5 * BTTOLD, Asset.TRC10)
        exchange.arrive()
        exchange.fake.send(TransferAsset(STRANGER, FAUCET, DEVNET.assets.trc10_id, 5 * BTTOLD), STRANGER_KEY)
        exchange.fake.mine()
        with pytest.raises(Refused, match="Money moved to or from it"):
            cold_addresses.add(exchange.chain, COLD, now=NOW)
        exchange.fake.make_solid()
        exchange.fake.mine(MAX_BLOCKS)
        with pytest.raises(Refused, match="still being read"):
            cold_addresses.add(exchange.chain, COLD, now=NOW)
        exchange.scan_all()
        cold_addresses.add(exchange.chain, COLD, now=NOW)
        exchange.arrive()
        assert {row.difference for row in reconciliation.run(now=exchange.now)} == {0}


class TestTheCommand:
    def test_adds_lists_and_removes(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        with devnet_here() as chain:
            settings.WALLET_CHAIN_ENDPOINTS = (chain.url, chain.url)
            call_command("wallet", "cold", "add", COLD)
            assert f"{COLD}: 0 BTTOLD, 0 BTT, 0 TRX" in capsys.readouterr().out
            call_command("wallet", "cold", "list", "--json")
            (found,) = json.loads(capsys.readouterr().out)
            assert (found["address"], found["units"]["trc20"]) == (COLD, "0")
            call_command("wallet", "cold", "remove", COLD)
            assert "No cold addresses" in capsys.readouterr().out
            with pytest.raises(CommandError, match="no cold address"):
                call_command("wallet", "cold", "remove", COLD)
            wiring.forget_chain()
