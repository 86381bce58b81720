"""Which chain a process speaks with follows from its settings."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.devnet import devnet_here
from wallet import wiring


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    wiring.forget_chain()
    yield
    wiring.forget_chain()


class TestTheChainOfThisInstall:
    def test_asks_every_address_and_remembers_how_each_is(self, settings: Settings) -> None:
        settings.WALLET_NETWORK = "mainnet"
        settings.WALLET_CHAIN_ENDPOINTS = ("http://127.0.0.1:9/KEY", "http://127.0.0.1:7")
        assert [row.name for row in wiring.chain().health()] == ["127.0.0.1:9", "127.0.0.1:7"]
        assert wiring.chain() is wiring.chain()
        assert wiring.chain().network.name == "mainnet"

    def test_agrees_with_a_devnet_that_runs(self, settings: Settings) -> None:
        with devnet_here() as devnet:
            settings.WALLET_NETWORK = "devnet"
            settings.WALLET_CHAIN_ENDPOINTS = (devnet.url, devnet.url)
            devnet.mine(5)
            assert wiring.chain().solid_agreement() == wiring.chain().heights().solid
            assert [row.ok for row in wiring.chain().health()] == [True, True]

    def test_takes_a_devnet_for_two(self, settings: Settings) -> None:
        settings.WALLET_NETWORK = "devnet"
        settings.WALLET_CHAIN_ENDPOINTS = ("http://127.0.0.1:9", "http://127.0.0.1:9")
        assert [row.name for row in wiring.chain().health()] == ["127.0.0.1:9 (1)", "127.0.0.1:9 (2)"]
        assert [row.ok for row in wiring.chain().health()] == [False, False]

    def test_is_none_where_there_is_no_wallet(self, settings: Settings) -> None:
        settings.WALLET_NETWORK = "off"
        with pytest.raises(KeyError):
            wiring.chain()
