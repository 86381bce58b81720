"""Two ends of a connection prove their keys to each other, and torrents have names that tell strangers nothing."""

from dataclasses import replace
from hashlib import sha1, sha256

import pytest

from speed.domain.handshake import Refused, Role, check_auth, check_hello, hello, sign_auth
from speed.domain.messages import MAX_HUBS, Auth, ErrorCode, Hello
from speed.domain.naming import dht_target, directory_key, torrent_name
from wallet.domain.tron.keys import public_key_of

CALLER, CALLEE = b"\x05" * 32, b"\x06" * 32
HUB, OTHER_HUB = b"h" * 20, b"o" * 20
CALLERS = hello(key=public_key_of(CALLER), nonce=b"r" * 16, hubs=[OTHER_HUB, HUB], ports=[6_881])
CALLEES = hello(key=public_key_of(CALLEE), nonce=b"e" * 16, hubs=[HUB], ports=[6_882])


def refusal(ours: Hello, theirs: Hello) -> ErrorCode:
    with pytest.raises(Refused) as refused:
        check_hello(ours=ours, theirs=theirs)
    return refused.value.code


class TestAHello:
    def test_finds_the_hubs_that_both_trust(self) -> None:
        assert check_hello(ours=CALLERS, theirs=CALLEES) == check_hello(ours=CALLEES, theirs=CALLERS) == (HUB,)

    def test_is_refused_without_a_common_hub_with_our_own_key_and_in_another_version(self) -> None:
        assert refusal(CALLERS, replace(CALLEES, hubs=(b"x" * 20,))) is ErrorCode.NO_COMMON_HUB
        assert refusal(CALLERS, replace(CALLEES, key=CALLERS.key)) is ErrorCode.SELF
        assert refusal(CALLERS, replace(CALLEES, v=2)) is ErrorCode.VERSION

    def test_names_as_many_hubs_as_a_message_holds(self) -> None:
        many = hello(key=CALLERS.key, nonce=b"r" * 16, hubs=[bytes([number]) * 20 for number in range(40)], ports=[])
        assert len(many.hubs) == MAX_HUBS


class TestAnAuth:
    def test_is_taken_from_whoever_has_the_key(self) -> None:
        theirs = sign_auth(CALLER, role=Role.CALLER, ours=CALLERS, theirs=CALLEES)
        check_auth(theirs, role=Role.CALLEE, ours=CALLEES, theirs=CALLERS)
        ours = sign_auth(CALLEE, role=Role.CALLEE, ours=CALLEES, theirs=CALLERS)
        check_auth(ours, role=Role.CALLER, ours=CALLERS, theirs=CALLEES)

    def test_is_refused_from_another_key_role_or_connection_and_when_it_is_our_own_sent_back(self) -> None:
        good = sign_auth(CALLER, role=Role.CALLER, ours=CALLERS, theirs=CALLEES)
        other_nonce = replace(CALLEES, nonce=b"f" * 16)
        for auth, ours in (
            (sign_auth(CALLEE, role=Role.CALLER, ours=CALLERS, theirs=CALLEES), CALLEES),
            (sign_auth(CALLER, role=Role.CALLEE, ours=CALLERS, theirs=CALLEES), CALLEES),
            (good, other_nonce),
            (sign_auth(CALLEE, role=Role.CALLEE, ours=CALLEES, theirs=CALLERS), CALLEES),
            (Auth(good.sig[:-1] + bytes([good.sig[-1] ^ 1])), CALLEES),
            (Auth(bytes(65)), CALLEES),
        ):
            with pytest.raises(Refused) as refused:
                check_auth(auth, role=Role.CALLEE, ours=ours, theirs=CALLERS)
            assert refused.value.code is ErrorCode.BAD_AUTH


class TestATorrent:
    def test_is_called_differently_on_each_connection(self) -> None:
        name = torrent_name(callee_nonce=b"e" * 16, info_hash=b"i" * 20)
        assert name == sha256(b"btt-speed/1 torrent\0" + b"e" * 16 + b"i" * 20).digest()[:20]
        assert name != torrent_name(callee_nonce=b"f" * 16, info_hash=b"i" * 20)

    def test_is_found_in_the_dht_and_in_a_directory_under_keys_of_its_own(self) -> None:
        assert dht_target(b"i" * 20) == sha1(b"btt-speed/1" + b"i" * 20).digest()
        assert directory_key(b"d4:name1:xe") == sha256(b"btt-speed/1 private\0d4:name1:xe").digest()
