"""The tree of liabilities: nothing negative, nothing that overflows, nobody left out of a sum."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain import merkle_sum
from wallet.domain.merkle_sum import BadSum, SumNode

NONCE = bytes(32)


def leaves_of(balances: list[int]) -> list[SumNode]:
    padded = [*balances, *[0] * (merkle_sum.padded(len(balances)) - len(balances))]
    return [
        merkle_sum.leaf(user=str(user), nonce=NONCE, balance_ubtt=balance_ubtt)
        for user, balance_ubtt in enumerate(padded)
    ]


class TestATree:
    def test_hashes_both_sums_with_both_hashes(self) -> None:
        left, right = (
            merkle_sum.leaf(user=user, nonce=NONCE, balance_ubtt=sum_) for user, sum_ in (("1", 5), ("2", 2**62))
        )
        assert left.hash == sha256(b"\x00" + sha256(b"1" + NONCE).digest() + bytes(15) + b"\x05").digest()
        assert merkle_sum.root([left, right]) == SumNode(
            sha256(b"\x01" + left.hash + bytes(15) + b"\x05" + right.hash + bytes(8) + b"\x40" + bytes(7)).digest(),
            4_611_686_018_427_387_909,
        )

    @pytest.mark.parametrize(("users", "leaves"), [(0, 16), (1, 16), (16, 16), (17, 32), (32, 32), (10_000, 16_384)])
    def test_has_a_power_of_two_of_leaves(self, users: int, leaves: int) -> None:
        assert merkle_sum.padded(users) == leaves

    @given(st.lists(st.integers(0, 2**62), max_size=40), st.data())
    def test_leads_from_every_leaf_to_a_root_that_counts_all(self, balances: list[int], data: st.DataObject) -> None:
        leaves = leaves_of(balances)
        root = merkle_sum.root(leaves)
        assert root.sum_ubtt == sum(balances)
        index = data.draw(st.integers(0, len(leaves) - 1))
        path = merkle_sum.sum_path(leaves, index=index)
        assert merkle_sum.root_from_path(leaves[index], path, index=index) == root
        for step, node in enumerate(path):
            for other in (SumNode(node.hash, node.sum_ubtt + 1), SumNode(sha256(node.hash).digest(), node.sum_ubtt)):
                changed = [*path[:step], other, *path[step + 1 :]]
                assert merkle_sum.root_from_path(leaves[index], changed, index=index) != root

    @pytest.mark.parametrize("balance_ubtt", [-1, 2**127, 2**128])
    def test_takes_no_negative_or_overflowing_leaf(self, balance_ubtt: int) -> None:
        with pytest.raises(BadSum):
            merkle_sum.leaf(user="1", nonce=NONCE, balance_ubtt=balance_ubtt)

    @pytest.mark.parametrize("sums", [(-1, 5), (5, -5), (2**126, 2**126), (2**127, 0)])
    def test_takes_no_negative_or_overflowing_node_from_elsewhere(self, sums: tuple[int, int]) -> None:
        start, step = (SumNode(bytes(32), sum_ubtt) for sum_ubtt in sums)
        with pytest.raises(BadSum):
            merkle_sum.root([start, step])
        for index in (0, 1):
            with pytest.raises(BadSum):
                merkle_sum.root_from_path(start, [step], index=index)
