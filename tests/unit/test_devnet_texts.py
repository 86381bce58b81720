"""What the chain writes at once is what it writes piece by piece."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.chain_draws import raws
from wallet.devnet.answers import BlockRef, BlockTransaction
from wallet.devnet.shapes import transaction_json
from wallet.devnet.texts import transaction_text
from wallet.domain.tron.transactions import OtherContract, Raw, Signed, encode_raw

BLOCK = BlockRef(7, bytes(32), 1_700_000_000_000)
OTHER = Raw(b"\x00\x01", bytes(8), 5, 6, OtherContract(4, b'type.googleapis.com/protocol."Vote\\', b"\xff"))


class TestATransaction:
    @given(
        raw=st.one_of(raws(), raws().map(lambda raw: Raw(b"", b"", 0, 0, raw.contract)), st.just(OTHER)),
        signatures=st.lists(st.binary(max_size=66), max_size=3).map(tuple),
        ret=st.sampled_from(["SUCCESS", "REVERT", ""]),
    )
    def test_is_written_as_its_parts_are(self, raw: Raw, signatures: tuple[bytes, ...], ret: str) -> None:
        signed = Signed(encode_raw(raw), signatures)
        found = BlockTransaction(signed.tx_id, signed, raw, ret, BLOCK)
        assert transaction_text(found) == json.dumps(transaction_json(found, visible=False), separators=(",", ":"))
