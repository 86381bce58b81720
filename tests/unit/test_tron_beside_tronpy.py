"""The codec beside tronpy's offline encoder, for all that this one can write: no TRC-10, no memo, no permission."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tronpy.proto import calculate_txid_from_raw_data

from tests.chain_draws import addresses, raws
from wallet.domain.tron.json_forms import raw_to_json
from wallet.domain.tron.transactions import Raw, TransferTrx, TriggerContract, encode_raw, tx_id

contracts = st.one_of(
    st.builds(TransferTrx, addresses, addresses, st.integers(1, 2**63 - 1)),
    st.builds(TriggerContract, addresses, addresses, st.binary(min_size=1, max_size=300), st.integers(0, 2**63 - 1)),
)


class TestTheCodec:
    @given(st.lists(st.tuples(raws(), contracts), min_size=20, max_size=30))
    def test_finds_the_ids_that_tronpy_finds(self, drawn: list[tuple[Raw, TransferTrx | TriggerContract]]) -> None:
        written = [replace(raw, contract=contract, memo=b"", permission_id=0) for raw, contract in drawn]
        theirs = [calculate_txid_from_raw_data(raw_to_json(raw, visible=False)) for raw in written]
        assert theirs == [tx_id(encode_raw(raw)).hex() for raw in written]
