"""The vectors that other clients are written from: ours keeps to them, and a library that we do not use agrees."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from speed.domain.clearing import clear
from speed.domain.frames import BadFrame
from speed.domain.handshake import Refused, Role, auth_bytes, check_auth, sign_auth
from speed.domain.messages import Auth, Hello, Unknown, encode, parse
from speed.domain.naming import dht_target, directory_key, torrent_name
from speed.domain.rounds import PublishedBid, RoundRecord, audit, bids_hash, leaf_of
from tests import speed1_vectors
from wallet.domain.money import Asset
from wallet.domain.rounding import Accrual
from wallet.domain.speed1.hub_info import HubInfo
from wallet.domain.speed1.hub_request import HubRequest
from wallet.domain.speed1.receipt import BadReceipt, Receipt, SpeedNetwork, read_receipt
from wallet.domain.speed1.signing import BadSignature, hub_id_of
from wallet.domain.speed1.voucher import Voucher
from wallet.domain.tron.addresses import to_base58
from wallet.domain.tron.keys import address_of_key, public_key_of

VECTORS: dict[str, Any] = json.loads(speed1_vectors.PATH.read_text())
PRIVATE = {bytes.fromhex(key["public"]): bytes.fromhex(key["private"]) for key in VECTORS["keys"]}
SIGNED = {
    "auth": "",
    "vouchers": "payer_key",
    "receipts": "hub_key",
    "hub_requests": "speed_key",
    "hub_info": "hub_key",
}


def unhex(case: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def frames(*, refused: bool) -> list[Any]:
    return [
        pytest.param(case, id=case.get("refused", case["text"][:16]))
        for case in VECTORS["frames"]
        if ("refused" in case) is refused
    ]


def voucher(case: dict[str, Any]) -> Voucher:
    (hub_id, channel, payee_key) = unhex(case, "hub_id", "channel", "payee_key")
    return Voucher(hub_id, channel, payee_key, case["cumulative_ubtt"])


def request(case: dict[str, Any]) -> HubRequest:
    (hub_id, nonce) = unhex(case, "hub_id", "nonce")
    return HubRequest(hub_id, case["method"], case["path"], case["body"].encode(), case["time"], nonce)


def info(case: dict[str, Any]) -> HubInfo:
    (hub_id, nonce) = unhex(case, "hub_id", "nonce")
    return HubInfo(hub_id, nonce, SpeedNetwork(case["network"]), Asset(case["asset"]), case["fee_ppm"], case["time"])


MADE: dict[str, Callable[[dict[str, Any]], Voucher | HubRequest | HubInfo]] = {
    "vouchers": voucher,
    "hub_requests": request,
    "hub_info": info,
}


def hello(case: dict[str, Any]) -> Hello:
    message = parse(json.dumps({"t": "hello", **case}))
    assert isinstance(message, Hello)
    return message


def signer_of(section: str, case: dict[str, Any]) -> bytes:
    return bytes.fromhex(case[SIGNED[section]] if SIGNED[section] else case["sender"]["key"])


def read(section: str, case: dict[str, Any]) -> None:
    """Read one signed thing as our code does; raises what it raises."""
    (message, signature) = unhex(case, "bytes", "sig")
    if section == "receipts":
        read_receipt(message + signature, hub_key=signer_of(section, case))
        return
    if section == "auth":
        sender, receiver = hello(case["sender"]), hello(case["receiver"])
        role = Role(case["sender_role"])
        if len(signature) != 65:  # no such message can be read
            parse(json.dumps({"t": "auth", "sig": case["sig"]}))
        check_auth(Auth(signature), role=role.other, ours=receiver, theirs=sender)
        return
    MADE[section](case).check(signer_of(section, case), signature)


class TestTheVectors:
    def test_are_made_by_the_script_beside_them(self) -> None:
        assert speed1_vectors.make() == VECTORS

    def test_have_keys_hubs_and_addresses(self) -> None:
        for key in VECTORS["keys"]:
            (private, public) = unhex(key, "private", "public")
            assert public_key_of(private) == public
            assert hub_id_of(public).hex() == key["hub_id"]
            assert to_base58(address_of_key(private)) == key["address"]
        # The key 1 is known everywhere, and so is its account.
        assert VECTORS["keys"][-1]["hub_id"] == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"

    @pytest.mark.parametrize("section", SIGNED)
    def test_are_taken_and_signed_alike(self, section: str) -> None:
        for case in VECTORS[section]:
            if "refused" in case:
                continue
            read(section, case)
            (message, signature) = unhex(case, "bytes", "sig")
            private = PRIVATE[signer_of(section, case)]
            if section == "auth":
                sender, receiver, role = hello(case["sender"]), hello(case["receiver"]), Role(case["sender_role"])
                assert auth_bytes(sender=role, senders=sender, receivers=receiver) == message
                assert sign_auth(private, role=role, ours=sender, theirs=receiver).sig == signature
                continue
            if section == "receipts":
                made: Receipt | Voucher | HubRequest | HubInfo = read_receipt(
                    message + signature, hub_key=signer_of(section, case)
                )
            else:
                made = MADE[section](case)
            assert made.encode() == message
            assert made.sign(private) == signature

    @pytest.mark.parametrize("section", SIGNED)
    def test_are_refused_where_they_say_so(self, section: str) -> None:
        refused = [case for case in VECTORS[section] if "refused" in case]
        for case in refused:
            with pytest.raises((BadSignature, BadReceipt, Refused, BadFrame)):
                read(section, case)
        assert len(refused) >= 7

    def test_are_signatures_to_a_library_that_we_do_not_sign_with(self) -> None:
        count = 0
        for section in SIGNED:
            for case in VECTORS[section]:
                if "refused" in case:
                    continue
                (digest, signature) = unhex(case, "sha256", "sig")
                key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), signer_of(section, case))
                halves = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
                key.verify(encode_dss_signature(*halves), digest, ec.ECDSA(Prehashed(SHA256())))
                count += 1
        assert count >= 10

    def test_name_torrents(self) -> None:
        *torrents, private = VECTORS["torrents"]
        for case in torrents:
            v1, v2 = (bytes.fromhex(case[name]) if case[name] else None for name in ("v1", "v2"))
            info_hash = (v1 or v2 or b"")[:20]
            assert (
                torrent_name(callee_nonce=bytes.fromhex(case["callee_nonce"]), info_hash=info_hash).hex()
                == case["name"]
            )
            assert dht_target(info_hash).hex() == case["dht_target"]
        assert directory_key(bytes.fromhex(private["info_section"])).hex() == private["directory_key"]

    def test_add_up_what_bytes_cost(self) -> None:
        for case in VECTORS["accrual"]:
            accrual = Accrual()
            for size_bytes, price in case["steps"]:
                accrual = accrual.after(size_bytes=size_bytes, price_ubtt_per_gib=price)
            assert accrual == Accrual(case["owed_ubtt"], case["rem"])

    def test_clear_rounds(self) -> None:
        for case in VECTORS["rounds"]:
            names = ("max", "spend", "useful", "cap", "granted")
            bids = tuple(
                PublishedBid(bytes.fromhex(row["leaf"]), *(row[name] for name in names)) for row in case["bids"]
            )
            record = RoundRecord(case["round"], case["ask"], case["for_sale"], case["price"], bids)
            assert bids_hash(record).hex() == case["bids_hash"]
            assert audit(record, given_hash=bids_hash(record), own={}) == []
            for row in case["bids"]:
                (salt, deal) = unhex(row, "salt", "deal")
                assert leaf_of(salt=salt, deal=deal).hex() == row["leaf"]
            found = clear(
                ask_ubtt_per_gib=case["ask"], for_sale_bytes_per_s=case["for_sale"], bids=[bid.terms for bid in bids]
            )
            assert list(found.exact_price) == case["exact_price"]

    @pytest.mark.parametrize("case", frames(refused=False))
    def test_are_frames_that_are_read(self, case: dict[str, Any]) -> None:
        message = parse(case["text"])
        assert not isinstance(message, Unknown)
        ours = json.loads(encode(message))
        assert {name: value for name, value in json.loads(case["text"]).items() if name in ours} == ours

    @pytest.mark.parametrize("case", frames(refused=True))
    def test_are_frames_that_are_not_read(self, case: dict[str, Any]) -> None:
        with pytest.raises(BadFrame):
            parse(case["text"])
