"""The tree of RFC 6962, against the roots that Certificate Transparency publishes for its eight test leaves."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wallet.domain import merkle

CONTENTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [merkle.leaf_hash(bytes.fromhex(content)) for content in CONTENTS]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

counts = st.integers(1, 70)


def some(count: int) -> list[bytes]:
    return [merkle.leaf_hash(bytes([number])) for number in range(count)]


def flipped(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


class TestARoot:
    @pytest.mark.parametrize("count", range(9))
    def test_is_the_published_one(self, count: int) -> None:
        assert merkle.root(LEAVES[:count]).hex() == ROOTS[count]

    @given(counts, st.data())
    def test_changes_with_any_leaf_and_any_order(self, count: int, data: st.DataObject) -> None:
        leaves = some(count)
        index = data.draw(st.integers(0, count - 1))
        assert merkle.root([*leaves[:index], flipped(leaves[index]), *leaves[index + 1 :]]) != merkle.root(leaves)
        assert merkle.root([*leaves, leaves[-1]]) != merkle.root(leaves)
        mixed = data.draw(st.permutations(leaves))
        assert (merkle.root(mixed) == merkle.root(leaves)) == (mixed == leaves)


class TestAPath:
    def test_is_the_published_one(self) -> None:
        assert [step.hex() for step in merkle.audit_path(LEAVES[:3], index=2)] == [ROOTS[2]]
        assert merkle.audit_path(LEAVES[:1], index=0) == ()
        assert [step.hex() for step in merkle.audit_path(LEAVES, index=0)] == [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ]

    @pytest.mark.parametrize("count", range(1, 34))
    def test_leads_from_every_leaf_to_the_root_in_few_steps(self, count: int) -> None:
        leaves = some(count)
        for index in range(count):
            path = merkle.audit_path(leaves, index=index)
            assert len(path) <= (count - 1).bit_length()
            assert merkle.root_from_path(leaves[index], path, index=index, count=count) == merkle.root(leaves)

    @given(counts, st.data())
    def test_leads_nowhere_once_anything_of_it_is_changed(self, count: int, data: st.DataObject) -> None:
        leaves = some(count)
        index = data.draw(st.integers(0, count - 1))
        path, root = list(merkle.audit_path(leaves, index=index)), merkle.root(leaves)

        def leads(leaf: bytes, path: list[bytes], at: int) -> bool:
            return merkle.root_from_path(leaf, path, index=at, count=count) == root

        assert not leads(flipped(leaves[index]), path, index)
        assert not leads(leaves[index], [*path, root], index)
        for step in range(len(path)):
            assert not leads(leaves[index], [*path[:step], flipped(path[step]), *path[step + 1 :]], index)
            assert not leads(leaves[index], [*path[:step], *path[step + 1 :]], index)
        other = data.draw(st.integers(-1, count))
        assume(other != index)
        assert not leads(leaves[index], path, other)

    @pytest.mark.parametrize("index", [-1, 3])
    def test_is_not_there_for_a_leaf_that_is_not_there(self, index: int) -> None:
        with pytest.raises(IndexError):
            merkle.audit_path(LEAVES[:3], index=index)
