"""What the chain writes at once is what it writes piece by piece."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.chain_draws import addresses, raws
from wallet.devnet.answers import BlockRef, BlockTransaction, Info, Log
from wallet.devnet.shapes import info_json, transaction_json
from wallet.devnet.texts import info_text, transaction_text
from wallet.domain.tron.transactions import OtherContract, Raw, Signed, encode_raw

BLOCK = BlockRef(7, bytes(32), 1_700_000_000_000)
OTHER = Raw(b"\x00\x01", bytes(8), 5, 6, OtherContract(4, b'type.googleapis.com/protocol."Vote\\', b"\xff"))


infos = st.builds(
    Info,
    st.binary(min_size=32, max_size=32),
    st.just(BLOCK),
    st.sampled_from([0, 5]),
    st.sampled_from([0, 6]),
    st.sampled_from([0, 7]),
    contract=st.one_of(st.none(), addresses),
    energy_usage=st.sampled_from([0, 8]),
    energy_fee_sun=st.sampled_from([0, 9]),
    result=st.sampled_from(["", "SUCCESS", "REVERT"]),
    returned=st.binary(max_size=40),
    message=st.sampled_from(["", 'it "failed"']),
    logs=st.lists(
        st.builds(
            Log, addresses, st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple), st.binary(max_size=40)
        ),
        max_size=2,
    ).map(tuple),
)


class TestAReceipt:
    @given(infos)
    def test_is_written_as_its_parts_are(self, info: Info) -> None:
        assert info_text(info) == json.dumps(info_json(info, visible=False), separators=(",", ":"))


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
