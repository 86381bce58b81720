"""What hypothesis draws of the chain: addresses, contracts and transactions of every kind that the codec knows."""

from hypothesis import strategies as st

from wallet.domain.tron import abi
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.transactions import (
    AccountCreate,
    Raw,
    Result,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
)

LARGEST = 2**63 - 1
EXACT_IN_JAVASCRIPT = 2**53 - 1

addresses = st.binary(min_size=20, max_size=20).map(lambda rest: Address(b"\x41" + rest))


def contracts(largest: int = LARGEST) -> st.SearchStrategy[TransferTrx | TransferAsset | TriggerContract]:
    amounts = st.integers(0, largest)
    calls = st.one_of(
        st.builds(abi.transfer_call, addresses, st.integers(0, 2**256 - 1)),
        st.builds(abi.transfer_from_call, addresses, addresses, st.integers(0, 2**256 - 1)),
        st.binary(max_size=300),
    )
    return st.one_of(
        st.builds(TransferTrx, addresses, addresses, amounts),
        st.builds(TransferAsset, addresses, addresses, st.integers(1_000_001, 9_999_999), amounts),
        st.builds(TriggerContract, addresses, addresses, calls, amounts, amounts, amounts),
    )


def raws(largest: int = LARGEST) -> st.SearchStrategy[Raw]:
    return st.builds(
        Raw,
        st.binary(min_size=2, max_size=2),
        st.binary(min_size=8, max_size=8),
        expiration_ms=st.integers(0, largest),
        timestamp_ms=st.integers(0, largest),
        contract=st.one_of(contracts(largest), st.builds(AccountCreate, addresses, addresses)),
        permission_id=st.sampled_from([0, 2, 3, 9]),
        memo=st.binary(max_size=200),
        fee_limit_sun=st.integers(0, min(largest, 15_000_000_000)),
    )


signatures = st.lists(st.binary(min_size=65, max_size=65), max_size=3).map(tuple)
signed = st.builds(Signed, st.binary(max_size=300), signatures)
results = st.one_of(st.none(), st.builds(Result, st.integers(0, 15), st.integers(0, LARGEST), st.integers(0, 1)))
