"""A proof holds as it was given, and with nothing in it changed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proofs import AT, make_inclusion, make_liability, make_seals, spoiled
from wallet.domain.merkle_sum import leaf
from wallet.domain.proofs import BadProof, Liability, Snapshot, verify

NOTHING: dict[str, Any] = {"nonce": bytes(32), "balance_ubtt": 0}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def holds(proof: Any) -> bool:
    try:
        return bool(verify(proof))
    except BadProof as problem:
        assert str(problem).endswith(".")
        return False


class TestAProofOfInclusion:
    @pytest.mark.parametrize("index", range(5))
    def test_leads_to_the_newest_seal(self, index: int) -> None:
        proof = json.loads(json.dumps(make_inclusion(index=index)))
        verified = verify(proof)
        assert verified.sentence == f"Transfer {index + 1} is under seal 1, to which all seals up to 3 are chained."
        assert verified.hash == make_seals(sizes=(5, 1, 2))[-1][0].hash().hex()

    def test_of_the_newest_seal_has_no_chain(self) -> None:
        assert verify(make_inclusion(sizes=(5,))).sentence == "Transfer 3 is under seal 1, which is the newest."

    def test_says_how_far_its_chain_leads(self) -> None:
        verified = verify(make_inclusion(links=1))
        assert verified.sentence == "Transfer 3 is under seal 1, to which all seals up to 2 are chained."
        assert verified.hash == make_seals(sizes=(5, 1))[-1][0].hash().hex()

    def test_fails_with_anything_in_it_changed(self) -> None:
        for change, proof in spoiled(make_inclusion()):
            assert not holds(proof), change

    def test_of_a_full_seal_is_small(self) -> None:
        proof = make_inclusion(index=999, sizes=(1_000,))
        assert verify(proof)
        assert len(proof["path"]) <= 10
        assert len(json.dumps(proof)) < 4_000


class TestAProofOfALiability:
    @pytest.mark.parametrize("index", range(16))
    def test_leads_to_what_is_owed_in_all(self, index: int) -> None:
        proof = make_liability(index=index)
        balance_ubtt = proof["balance_ubtt"]
        assert verify(json.loads(json.dumps(proof))).sentence == (
            f"{balance_ubtt} µBTT of user {index + 1} are counted in the 4611686018427387920 µBTT that are owed in all."
        )

    def test_fails_with_anything_in_it_changed(self) -> None:
        for change, proof in spoiled(make_liability()):
            assert not holds(proof), change

    def test_fails_with_a_negative_or_overflowing_sum_beside_it(self) -> None:
        for sum_ubtt in ("-5", str(2**127), str(2**127 - 1)):
            proof = make_liability()
            proof["path"][0]["sum_ubtt"] = sum_ubtt
            with pytest.raises(BadProof):
                verify(proof)

    def test_lets_no_words_into_the_sentence(self) -> None:
        snapshot = Snapshot(asset=2, taken_at=AT, seal_number=0, count=1, root=leaf(user="\x1b[2J", **NOTHING))
        proof = Liability(snapshot=snapshot, user="\x1b[2J", index=0, path=(), **NOTHING)
        assert not holds(proof.as_json())


class TestWhatIsNoProof:
    @given(JSON, st.sampled_from(sorted(make_inclusion())), st.sampled_from(sorted(make_liability())))
    def test_is_refused_with_a_sentence(self, value: Any, field: str, other: str) -> None:
        assert not holds(value)
        holds(make_inclusion() | {field: value})
        holds(make_liability() | {other: value})
