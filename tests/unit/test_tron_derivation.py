"""Keys of a seed: against the vectors of BIP-32 and BIP-39, and the addresses that other clients show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.tron import base58, derivation, keys
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.derivation import HARDENED, AccountKey, AccountXpub, BadPhrase, BadXpub, PrivateNode

PHRASE = "test " * 11 + "junk"
XPUB = "xpub6BuRy7ZmkGfP2RWhoor1kWB1w9DvrtmJbFBvnC1bQ4SB5NbCHTyQYCJSXZtxDbFyHTmC7wkU2he3nYYdpZ3Vf6qUAkXSnL6RPif4BDtDEKr"
ADDRESSES = [
    "TWer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL6",
    "TPjjvMwjPoDC32V2dGDYTkLH4E5LAtBZ6C",
    "TB7mhtkvfhsRBRhe5FuRa4tFXSEyGDe4eA",
    "TEb822rMZ5QkYReuqdqK61zkheaan97PZZ",
]
BIP_32 = [  # vector 1, chain m/0H/1/2H/2/1000000000
    (
        None,
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
    ),
    (
        HARDENED,
        "xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw",
    ),
    (
        1,
        "xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ",
    ),
    (
        2 + HARDENED,
        "xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5",
    ),
    (
        2,
        "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV",
    ),
    (
        1000000000,
        "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy",
    ),
]


class TestAnAccount:
    def test_has_the_addresses_that_other_clients_show(self) -> None:
        account = AccountKey.from_seed(derivation.seed_of(PHRASE))
        assert account.xpub() == XPUB
        watched = AccountXpub.parse(XPUB)
        for index, address in enumerate(ADDRESSES):
            assert to_base58(watched.address(index)) == address
            assert to_base58(keys.address_of_key(account.private_key(index))) == address

    def test_is_another_for_another_number_and_another_passphrase(self) -> None:
        seeds = derivation.seed_of(PHRASE), derivation.seed_of(PHRASE, "more")
        assert len({AccountKey.from_seed(seed, number).xpub() for seed in seeds for number in (0, 1)}) == 4

    @given(st.binary(min_size=16, max_size=64), st.integers(0, HARDENED - 1))
    def test_has_the_same_addresses_from_either_half(self, seed: bytes, index: int) -> None:
        account = AccountKey.from_seed(seed)
        address = AccountXpub.parse(account.xpub()).address(index)
        assert address == keys.address_of_key(account.private_key(index))

    def test_shows_no_key_when_it_is_printed(self) -> None:
        account = AccountKey.from_seed(derivation.seed_of(PHRASE))
        assert account.node.key.hex() not in repr(account) + repr(account.node)
        assert repr(account.node.key) not in repr(account) + repr(account.node)

    @pytest.mark.parametrize("index", [-1, HARDENED])
    def test_has_no_hardened_addresses(self, index: int) -> None:
        account = AccountKey.from_seed(derivation.seed_of(PHRASE))
        with pytest.raises(ValueError, match="no index"):
            account.private_key(index)
        with pytest.raises(ValueError, match="no index"):
            AccountXpub.parse(XPUB).address(index)


class TestATree:
    def test_is_that_of_bip_32(self) -> None:
        node = PrivateNode.of_seed(bytes.fromhex("000102030405060708090a0b0c0d0e0f"))
        for number, xpub in BIP_32:
            node = node if number is None else node.child(number)
            assert node.xpub() == xpub

    def test_keeps_zeros_at_the_head_of_a_key(self) -> None:
        seed = (
            "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d14"
            "57df2e5a3c51c73235be"
        )
        assert PrivateNode.of_seed(bytes.fromhex(seed)).child(HARDENED).xpub() == (
            "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y"
        )


class TestAPhrase:
    def test_gives_the_seed_of_bip_39(self) -> None:
        phrase = "legal winner thank year wave sausage worth useful legal winner thank yellow"
        assert derivation.seed_of(phrase, "TREZOR").hex() == (
            "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6f"
            "a457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607"
        )

    def test_that_is_new_is_one_and_never_the_same(self) -> None:
        phrases = {derivation.new_phrase() for _ in range(3)}
        assert len(phrases) == 3
        for phrase in phrases:
            assert derivation.check_phrase(f"  {phrase.upper()} ") == phrase
            assert len(phrase.split()) == 24

    @pytest.mark.parametrize(
        ("words", "why"),
        [
            ("", "these are 0"),
            ("test " * 11, "these are 11"),
            ("test " * 11 + "tset", "Word 12"),
            ("test " * 11 + "test", "do not belong together"),
        ],
    )
    def test_that_is_none_is_refused_without_a_word_of_it(self, words: str, why: str) -> None:
        with pytest.raises(BadPhrase, match=why) as refused:
            derivation.check_phrase(words)
        assert "test" not in str(refused.value) and "tset" not in str(refused.value)


class TestAnExtendedPublicKey:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "checksum"),
            (XPUB[:-1], "checksum"),
            (XPUB + "l", "'l' cannot stand"),
            ("x" * 200, "too many"),
            (ADDRESSES[0], "begins with xpub"),
            (BIP_32[0][1], "not that of an account"),
            (BIP_32[4][1], "not that of an account"),
        ],
    )
    def test_that_is_no_account_is_refused(self, text: str, why: str) -> None:
        with pytest.raises(BadXpub, match=why):
            AccountXpub.parse(text)

    @given(st.one_of(st.text(), st.binary(max_size=90).map(base58.encode_checked)))
    def test_is_never_anything_else_than_refused(self, text: str) -> None:
        with pytest.raises(BadXpub):
            AccountXpub.parse(text)
