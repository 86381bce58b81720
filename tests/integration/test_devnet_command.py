"""`manage.py devnet` as a process: one line of JSON, then a chain that lives until it is told to end."""

import json
import signal
import socket

import pytest
from django.core.management import CommandError, call_command

from tests.devnet import DevnetProcess, private_key
from wallet.devnet.chain import Devnet
from wallet.devnet.server import Options, fund
from wallet.domain.tron.addresses import parse_address, to_base58
from wallet.domain.tron.keys import address_of_key

ADA, BOB = private_key("ada"), private_key("bob")


def refusal(*arguments: str) -> str:
    """Return what the command says when it does not start."""
    with pytest.raises(CommandError) as refused:
        call_command("devnet", *arguments)
    return str(refused.value)


class TestTheCommand:
    def test_tells_in_one_line_where_the_chain_is_and_who_has_plenty_on_it(self) -> None:
        with DevnetProcess(keys=[ADA, BOB]) as process:
            chain = process.chain
            assert set(json.loads(process.wait_for_line('{"url"'))) == {"url", "trc10_id", "trc20", "funded"}
            assert chain.url.startswith("http://127.0.0.1:")
            assert chain.trc10_id == 1002000
            assert [(one["address"], one["private_key"]) for one in chain.funded] == [
                (to_base58(address_of_key(ADA)), ADA.hex()),
                (to_base58(address_of_key(BOB)), BOB.hex()),
            ]
            for one in chain.funded:
                found = chain.post("walletsolidity/getaccount", address=one["address"], visible=True)
                assert found["balance"] >= 1_000_000 * 10**6
                assert found["assetV2"] == [{"key": "1002000", "value": 10**15}]
                balance = chain.post(
                    "wallet/triggerconstantcontract",
                    contract_address=chain.trc20,
                    function_selector="balanceOf(address)",
                    parameter=address_of_key(ADA)[1:].hex().rjust(64, "0"),
                    visible=True,
                )["constant_result"][0]
                assert int(balance, 16) == 10**30
            assert process.stop() == 0

    def test_makes_a_key_up_when_none_is_given(self) -> None:
        devnet = Devnet()
        ((address, key),) = fund(devnet, Options(makes_key=True))
        assert address == to_base58(address_of_key(bytes.fromhex(key)))
        account = devnet.view(is_solid=True).account(parse_address(address))
        assert account and account.balance_sun >= 1_000_000 * 10**6
        devnet.close()

    def test_goes_on_with_the_chain_of_its_file_after_it_was_killed(self) -> None:
        with DevnetProcess(keys=[ADA], keeps_state=True) as process:
            (paid,) = process.chain.faucet(to_base58(address_of_key(BOB)), trx=5)
            number = process.chain.settle()
            before = process.chain.post("wallet/getblockbynum", num=number)
            process.stop(signal.SIGKILL)
            chain = process.start()
            assert chain.post("wallet/getblockbynum", num=number) == before
            assert chain.post("walletsolidity/gettransactionbyid", value=paid)["txID"] == paid
            assert chain.order("info")["head"]["number"] == number + 2, "who has plenty was given more"

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("--port", "65536"), "65536 is not a port from 0 to 65535"),
            (("--port", "http"), "http is not a port"),
            (("--block-seconds", "-1"), "-1 is no time from 0 to 3600 seconds"),
            (("--block-seconds", "nan"), "nan is no time"),
            (("--solid-lag", "1001"), "1001 is not a number of blocks from 0 to 1000"),
            (("--fund", "00" * 32), "a private key has 64 digits of hex, and is not zero"),
            (("--host", "192.0.2.1"), "The chain cannot listen on 192.0.2.1"),
        ],
    )
    def test_says_what_is_wrong_with_an_option(self, arguments: tuple[str, str], sentence: str) -> None:
        assert sentence in refusal(*arguments)

    def test_does_not_tell_a_key_that_it_refuses(self) -> None:
        nearly = "ab" * 31
        assert nearly not in refusal("--fund", nearly)

    def test_does_not_share_a_port_with_another(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            assert "The chain cannot listen on 127.0.0.1" in refusal("--port", str(taken.getsockname()[1]))
