"""The development chain against whatever somebody sends: an answer to everything, and never a fault of ours."""

import asyncio
import copy
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chain_draws import raws
from tests.devnet import private_key
from wallet.devnet import builders, control, events, explorer, reads
from wallet.devnet.application import BUILDERS, SUBMISSIONS, Application
from wallet.devnet.chain import Devnet
from wallet.devnet.endpoint import Endpoint
from wallet.devnet.http import Arrived
from wallet.domain.tron.addresses import to_base58, to_hex
from wallet.domain.tron.json_forms import raw_to_json
from wallet.domain.tron.keys import address_of_key

ADA = address_of_key(private_key("ada"))
TOKEN = "TAFjULxiVgT4qWk6UZwjqwZXTSaGaqnVp4"
API_PATHS = [
    *(f"wallet/{name}" for name in (reads.EVERYWHERE | reads.WALLET_ONLY | builders.CALLS | BUILDERS | SUBMISSIONS)),
    *(f"walletsolidity/{name}" for name in reads.EVERYWHERE | builders.CALLS),
]
TAKE_TIME = ("mine", "reorg", "delay", "fail")  # or hide what comes after
ORDERS = [f"devnet/{name}" for name in control.ORDERS if name not in TAKE_TIME]
FIELDS = re.findall(
    r"\w+",
    """address value num startNum endNum id_or_num detail visible offset limit owner_address to_address amount
asset_name contract_address function_selector parameter data raw_data signature transaction call_value fee_limit
token_id Permission_id extra_data account_address code kind times after_accept where txID ms solid head solid_held_at
trx assets trc20 pending_at_most offset_ms""",
)

likely = st.sampled_from(
    [to_base58(ADA), to_hex(ADA), TOKEN, "1002000", b"1002000".hex(), "00" * 32, "true", True, 0, 1, 3, -1, 2**63, "0x"]
)
strange = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=70), st.binary(max_size=40).map(bytes.hex))
nested = st.recursive(
    st.one_of(likely, strange),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), st.one_of(likely, nested), max_size=6)


@pytest.fixture
def application() -> Iterator[Application]:
    devnet = Devnet()
    devnet.faucet(ADA, trx_sun=10**9)
    devnet.mine()
    yield Application(Endpoint(devnet))
    devnet.close()


def status(application: Application, method: str, target: str, body: bytes = b"") -> int:
    """Return the status of the answer, which must be JSON unless it is a page."""
    answer = asyncio.run(application(Arrived(method, target, {}, body)))
    if answer.kind == "application/json" and not answer.breaks_off and target.startswith("/devnet/"):
        assert isinstance(json.loads(answer.body), dict)
    return answer.status


def spoiled(draw: st.DataObject, form: Any) -> Any:
    """Return a JSON form with one leaf or branch replaced by something else."""
    form = copy.deepcopy(form)
    at: Any = form
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = draw.draw(st.sampled_from(keys))
        if not isinstance(at[key], dict | list) or not at[key] or draw.draw(st.booleans()):
            at[key] = draw.draw(nested)
            return form
        at = at[key]


class TestTheChain:
    @given(st.sampled_from(API_PATHS + ORDERS), bodies)
    def test_has_an_answer_to_every_body(self, application: Application, path: str, fields: dict[str, Any]) -> None:
        assert status(application, "POST", f"/{path}", json.dumps(fields).encode()) != 500

    @given(st.sampled_from(API_PATHS), st.dictionaries(st.sampled_from(FIELDS), st.one_of(likely, strange), max_size=4))
    def test_has_an_answer_to_every_query(self, application: Application, path: str, fields: dict[str, Any]) -> None:
        query = "&".join(f"{name}={quote(str(value))}" for name, value in fields.items())
        assert status(application, "GET", f"/{path}?{query}&int64_as_string=true") != 500

    @given(st.sampled_from([*SUBMISSIONS, "getsignweight", "getapprovedlist"]), raws(), st.booleans(), st.data())
    def test_has_an_answer_to_every_spoiled_transaction(
        self, application: Application, path: str, raw: Any, visible: bool, data: st.DataObject
    ) -> None:
        form = {"visible": visible, "raw_data": raw_to_json(raw, visible=visible), "signature": ["00" * 65]}
        assert status(application, "POST", f"/wallet/{path}", json.dumps(spoiled(data, form)).encode()) != 500

    @given(
        st.sampled_from([*events.LISTINGS]),
        st.one_of(likely, strange),
        st.dictionaries(
            st.sampled_from(["limit", "fingerprint", "order_by", "event_name", "min_timestamp", "only_confirmed"]),
            st.one_of(likely, strange, st.sampled_from(["1-0-0", "0-0-9", "block_timestamp,asc"])),
            max_size=3,
        ),
    )
    def test_has_an_answer_to_every_list(
        self, application: Application, kind: tuple[str, str], name: object, fields: dict[str, Any]
    ) -> None:
        query = "&".join(f"{name}={quote(str(value))}" for name, value in fields.items())
        assert status(application, "GET", f"/v1/{kind[0]}/{quote(str(name), safe='')}/{kind[1]}?{query}") != 500

    @given(st.sampled_from([*explorer.PAGES]), st.one_of(likely, strange), st.one_of(likely, strange))
    def test_has_a_page_for_every_path(self, application: Application, kind: str, name: object, asked: object) -> None:
        written = quote(str(name), safe="")
        query = "&".join(f"{name}={quote(str(asked))}" for name in ("q", "from", "after"))
        assert status(application, "GET", f"/{kind}/{written}?{query}") != 500
        assert status(application, "GET", f"/{kind}?{query}") != 500
