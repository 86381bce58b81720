"""Vouchers, receipts, requests to hubs and what hubs say: true ones are taken, and no other bit of them is."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallet.domain.accounts import user_account
from wallet.domain.money import Asset
from wallet.domain.speed1.hub_info import INFO_BYTES, HubInfo
from wallet.domain.speed1.hub_request import MAX_PATH_BYTES, HubRequest, is_timely
from wallet.domain.speed1.receipt import (
    RECEIPT_BYTES,
    SIGNED_RECEIPT_BYTES,
    BadReceipt,
    Receipt,
    SpeedNetwork,
    decode_receipt,
    payer_ref,
    read_receipt,
)
from wallet.domain.speed1.signing import BadKey, BadSignature, check_public_key, hub_id_of, sign
from wallet.domain.speed1.voucher import VOUCHER_BYTES, Voucher
from wallet.domain.tron.keys import ORDER, public_key_of

HUB, PAYER, PAYEE, STRANGER = (bytes([number]) * 32 for number in (1, 2, 3, 4))
HUB_KEY, PAYER_KEY, PAYEE_KEY, STRANGER_KEY = (public_key_of(key) for key in (HUB, PAYER, PAYEE, STRANGER))
VOUCHER = Voucher(hub_id_of(HUB_KEY), b"channel-of-16-by", PAYEE_KEY, 1_500_000)
RECEIPT = Receipt(
    hub_id=hub_id_of(HUB_KEY),
    network=SpeedNetwork.NILE,
    asset=Asset.TRC20,
    channel=VOUCHER.channel,
    payer_ref=b"payer-of-16-byte",
    payer_key=PAYER_KEY,
    payee_key=PAYEE_KEY,
    amount_ubtt=64_000_000,
    opened_at_s=1_790_000_000,
    expires_at_s=1_790_003_600,
)
REQUEST = HubRequest(hub_id_of(HUB_KEY), "POST", "/hub/1/channels?wait=5", b'{"key":"7"}', 1_790_000_000, b"n" * 16)
INFO = HubInfo(hub_id_of(HUB_KEY), b"n" * 16, SpeedNetwork.NILE, Asset.TRC20, 10_000, 1_790_000_000)

wholes = st.integers(0, 2**63 - 1)
vouchers = st.builds(
    Voucher, st.binary(min_size=20, max_size=20), st.binary(min_size=16, max_size=16), st.just(PAYEE_KEY), wholes
)
receipts = st.builds(
    Receipt,
    st.just(hub_id_of(HUB_KEY)),
    st.sampled_from(SpeedNetwork),
    st.sampled_from([Asset.TRC10, Asset.TRC20]),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16),
    st.sampled_from([PAYER_KEY, STRANGER_KEY]),
    st.just(PAYEE_KEY),
    wholes,
    wholes,
    wholes,
)


def flipped(data: bytes) -> list[bytes]:
    """Every way to change one byte of it, by one bit each."""
    return [data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :] for place in range(len(data))]


def refusals(check: Callable[[bytes], object], signatures: list[bytes]) -> int:
    count = 0
    for signature in signatures:
        with pytest.raises(BadSignature):
            check(signature)
        count += 1
    return count


class TestAVoucher:
    @given(vouchers)
    def test_is_97_bytes_and_taken_from_its_payer(self, voucher: Voucher) -> None:
        assert len(voucher.encode()) == VOUCHER_BYTES == 97
        voucher.check(PAYER_KEY, voucher.sign(PAYER))

    def test_is_worth_nothing_with_any_bit_of_its_signature_changed(self) -> None:
        assert refusals(lambda sig: VOUCHER.check(PAYER_KEY, sig), flipped(VOUCHER.sign(PAYER))) == 65

    @pytest.mark.parametrize(
        "changed",
        [
            replace(VOUCHER, cumulative_ubtt=1_500_001),
            replace(VOUCHER, hub_id=hub_id_of(STRANGER_KEY)),
            replace(VOUCHER, channel=b"channel-of-16-bz"),
            replace(VOUCHER, payee_key=STRANGER_KEY),
        ],
        ids=["more", "another hub", "another channel", "another payee"],
    )
    def test_is_worth_nothing_for_anything_else(self, changed: Voucher) -> None:
        with pytest.raises(BadSignature):
            changed.check(PAYER_KEY, VOUCHER.sign(PAYER))

    def test_is_worth_nothing_from_another(self) -> None:
        with pytest.raises(BadSignature):
            VOUCHER.check(PAYER_KEY, VOUCHER.sign(STRANGER))

    def test_has_one_signature_only_so_the_high_half_and_later_v_are_refused(self) -> None:
        signature = VOUCHER.sign(PAYER)
        mirrored = ORDER - int.from_bytes(signature[32:64])
        high = signature[:32] + mirrored.to_bytes(32) + bytes([signature[64] ^ 1])
        others = [high, signature[:64] + bytes([signature[64] + 27]), signature + b"\0", signature[:64], b"", bytes(65)]
        assert refusals(lambda sig: VOUCHER.check(PAYER_KEY, sig), others) == 6

    @pytest.mark.parametrize("cumulative", [-1, 2**63, True, 1.0])
    def test_of_an_odd_amount_cannot_be_made(self, cumulative: int) -> None:
        with pytest.raises(ValueError, match="cumulative_ubtt"):
            replace(VOUCHER, cumulative_ubtt=cumulative).encode()

    def test_of_another_length_cannot_be_made(self) -> None:
        with pytest.raises(ValueError, match="hub_id has 20 bytes, not 19"):
            replace(VOUCHER, hub_id=VOUCHER.hub_id[1:]).encode()


class TestAReceipt:
    @given(receipts)
    def test_is_170_bytes_and_comes_back_as_it_was(self, receipt: Receipt) -> None:
        assert len(receipt.encode()) == RECEIPT_BYTES == 170
        assert decode_receipt(receipt.encode()) == receipt
        assert read_receipt(receipt.signed(receipt.sign(HUB)), hub_key=HUB_KEY) == receipt

    def test_is_refused_with_any_byte_changed(self) -> None:
        signed = RECEIPT.signed(RECEIPT.sign(HUB))
        changed = flipped(signed)
        for data in changed:
            with pytest.raises(BadReceipt):
                read_receipt(data, hub_key=HUB_KEY)
        assert len(changed) == SIGNED_RECEIPT_BYTES == 235

    def test_of_another_hub_is_refused_though_that_hub_signed_it(self) -> None:
        other = replace(RECEIPT, hub_id=hub_id_of(STRANGER_KEY))
        with pytest.raises(BadReceipt, match="another hub"):
            read_receipt(other.signed(other.sign(STRANGER)), hub_key=HUB_KEY)
        with pytest.raises(BadReceipt, match="not signed"):
            read_receipt(RECEIPT.signed(RECEIPT.sign(STRANGER)), hub_key=HUB_KEY)

    @pytest.mark.parametrize("size", [0, 169, 171])
    def test_of_another_length_is_refused(self, size: int) -> None:
        with pytest.raises(BadReceipt, match="170"):
            decode_receipt(RECEIPT.encode().ljust(171)[:size])

    @given(st.binary(min_size=150, max_size=150))
    def test_of_any_bytes_is_refused_or_read_in_its_one_form(self, body: bytes) -> None:
        data = RECEIPT.encode()[:20] + body
        try:
            assert decode_receipt(data).encode() == data
        except BadReceipt:
            return

    def test_calls_all_keys_of_an_account_by_one_name_that_tells_nothing(self) -> None:
        payee = user_account(Asset.TRC20, 9)
        names = {
            payer_ref(secret, payer=user_account(Asset.TRC20, user), payee=payee)
            for secret in (b"s" * 32, b"t" * 32)
            for user in (1, 2, 12)
        }
        assert len(names) == 6
        assert {len(name) for name in names} == {16}


class TestARequestToAHub:
    def test_is_taken_from_its_sender(self) -> None:
        REQUEST.check(PAYER_KEY, REQUEST.sign(PAYER))

    def test_is_refused_with_any_bit_of_its_signature_changed(self) -> None:
        assert refusals(lambda sig: REQUEST.check(PAYER_KEY, sig), flipped(REQUEST.sign(PAYER))) == 65

    @pytest.mark.parametrize(
        "changed",
        [
            replace(REQUEST, hub_id=hub_id_of(STRANGER_KEY)),
            replace(REQUEST, method="PUT"),
            replace(REQUEST, path="/hub/1/channels?wait=6"),
            replace(REQUEST, method="POST/", path=REQUEST.path[1:]),
            replace(REQUEST, body=b'{"key":"8"}'),
            replace(REQUEST, time_s=1_790_000_001),
            replace(REQUEST, nonce=b"m" * 16),
        ],
    )
    def test_is_refused_when_anything_of_it_is_changed(self, changed: HubRequest) -> None:
        with pytest.raises(BadSignature):
            changed.check(PAYER_KEY, REQUEST.sign(PAYER))

    def test_cannot_have_a_path_without_end_or_of_other_letters(self) -> None:
        for path in ("/" * (MAX_PATH_BYTES + 1), "/hub/1/ä"):
            with pytest.raises(ValueError, match=r"path|ascii"):
                replace(REQUEST, path=path).encode()

    def test_is_timely_within_a_minute(self) -> None:
        assert [is_timely(time_s=time_s, now_s=1_000) for time_s in (939, 940, 1_060, 1_061)] == [
            False,
            True,
            True,
            False,
        ]


class TestWhatAHubSaysOfItself:
    def test_is_73_bytes_and_believed_for_the_nonce_at_hand(self) -> None:
        assert len(INFO.encode()) == INFO_BYTES == 73
        INFO.check(HUB_KEY, INFO.sign(HUB))
        for changed in (
            replace(INFO, nonce=b"m" * 16),
            replace(INFO, network=SpeedNetwork.MAINNET),
            replace(INFO, asset=Asset.TRC10),
            replace(INFO, fee_ppm=9_999),
            replace(INFO, time_s=1_790_000_001),
        ):
            with pytest.raises(BadSignature):
                changed.check(HUB_KEY, INFO.sign(HUB))

    def test_is_not_believed_from_another_hub(self) -> None:
        with pytest.raises(BadSignature, match="another hub"):
            INFO.check(STRANGER_KEY, INFO.sign(STRANGER))

    def test_has_a_fee_of_at_most_all(self) -> None:
        with pytest.raises(ValueError, match="fee"):
            replace(INFO, fee_ppm=1_000_001).encode()


class TestAKey:
    def test_is_a_point_of_the_curve_in_33_bytes(self) -> None:
        assert check_public_key(HUB_KEY) == HUB_KEY
        for key in (b"", bytes(33), HUB_KEY[:-1], b"\x02" + b"\xff" * 32, HUB_KEY.hex()):
            with pytest.raises(BadKey):
                check_public_key(key)

    def test_that_is_none_signs_nothing(self) -> None:
        with pytest.raises(BadKey):
            sign(bytes(32), b"x")
