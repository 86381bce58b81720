"""Signatures: who made one is read from it, and whatever is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.tron import keys
from wallet.domain.tron.addresses import Address

OWNER = Address(b"\x41" + b"\x01" * 20)


class TestASignature:
    KEY = (7).to_bytes(32)

    def test_tells_who_made_it(self) -> None:
        digest = keys.sha256(b"a transaction")
        signature = keys.sign(self.KEY, digest)
        assert keys.recover(digest, signature) == keys.address_of_key(self.KEY)
        assert keys.recover(digest, signature[:64] + bytes([signature[64] + 27])) == keys.address_of_key(self.KEY)
        assert keys.address_of_public(keys.public_key_of(self.KEY)) == keys.address_of_key(self.KEY)

    @given(st.binary(max_size=70), st.binary(max_size=40))
    def test_of_anybody_is_read_or_refused(self, signature: bytes, digest: bytes) -> None:
        try:
            keys.recover(digest, signature)
        except keys.BadSignature:
            return

    def test_needs_a_key_and_a_hash(self) -> None:
        for key in (b"", bytes(32), keys.ORDER.to_bytes(32), bytes(33)):
            with pytest.raises(keys.BadKey):
                keys.sign(key, bytes(32))
        for public in (b"", b"\x02" + b"\xff" * 32):
            with pytest.raises(keys.BadKey):
                keys.address_of_public(public)
        with pytest.raises(keys.BadKey):
            keys.add_to_public(keys.public_key_of(self.KEY), b"\xff" * 32)
        with pytest.raises(ValueError, match="32 bytes"):
            keys.sign(self.KEY, b"a transaction")

    def test_makes_a_contracts_address(self) -> None:
        address = keys.contract_address(bytes(32), OWNER)
        assert address == b"\x41" + keys.keccak256(bytes(32) + OWNER)[-20:]
