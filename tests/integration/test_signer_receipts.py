"""What the signer signs for the hub: one receipt for each version of a channel, and what the hub says of itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.signers import NOW_MS, PASSPHRASE, change, found_signer, place_in, signer_in
from wallet.domain.accounts import AccountKind, AccountName, earnings_account, user_account
from wallet.domain.money import Asset
from wallet.domain.networks import NILE
from wallet.domain.speed1.hub_info import HubInfo
from wallet.domain.speed1.receipt import SpeedNetwork, read_receipt
from wallet.domain.speed1.signing import hub_id_of
from wallet.domain.tron.keys import public_key_of
from wallet.signer import backups, founding, hub_messages, keystore, rotation
from wallet.signer.keystore import Purpose
from wallet.signer.protocol import (
    BadFrame,
    InfoRequest,
    ReceiptRequest,
    SignerConflict,
    SignerLimited,
    SignerLocked,
    SignerRefused,
)
from wallet.signer.rules import DEFAULT
from wallet.signer.sealing import Scrypt, stretch
from wallet.signer.signer import Signer

NOW_S = NOW_MS // 1000
ASSET = Asset.TRC20
FIRST = ReceiptRequest(
    asset=ASSET,
    channel="0123456789abcdef" * 2,
    version=1,
    payer=user_account(ASSET, 7),
    payee=earnings_account(ASSET, 1),
    payer_key=public_key_of(bytes(31) + b"\x01"),
    payee_key=public_key_of(bytes(31) + b"\x02"),
    amount_ubtt=1_000,
    opened_at_s=NOW_S,
    expires_at_s=NOW_S + 3_600,
)
NONSENSE: tuple[object, ...] = (None, -1, True, "x", [], 2**64)
SECOND = replace(FIRST, version=2, amount_ubtt=1_500, expires_at_s=NOW_S + 7_200)


class TestAReceipt:
    def test_says_what_was_asked_for_and_bears_the_hubs_signature(self, signer: Signer) -> None:
        found = read_receipt(signer.sign_receipt(FIRST), hub_key=signer.hub_key(ASSET))
        assert (found.network, found.asset, found.channel.hex()) == (SpeedNetwork.DEVNET, ASSET, FIRST.channel)
        assert (found.payer_key, found.payee_key) == (FIRST.payer_key, FIRST.payee_key)
        assert (found.amount_ubtt, found.opened_at_s, found.expires_at_s) == (1_000, NOW_S, NOW_S + 3_600)

    def test_of_one_version_is_for_ever_the_same(self, signer: Signer, tmp_path: Path) -> None:
        first = signer.sign_receipt(FIRST)
        signer.sign_receipt(SECOND)
        signer.close()
        assert signer_in(tmp_path).sign_receipt(FIRST) == first

    @pytest.mark.parametrize("change", [{"amount_ubtt": 1_001}, {"expires_at_s": NOW_S + 3_601}, {"opened_at_s": 1}])
    def test_of_one_version_says_one_thing(self, signer: Signer, change: dict[str, Any]) -> None:
        signer.sign_receipt(FIRST)
        with pytest.raises(SignerConflict):
            signer.sign_receipt(replace(FIRST, **change))

    @pytest.mark.parametrize(
        "change",
        [
            {"amount_ubtt": 999},
            {"expires_at_s": NOW_S + 3_599},
            {"payer": user_account(ASSET, 8)},
            {"payee_key": public_key_of(bytes(31) + b"\x03")},
            {"opened_at_s": NOW_S + 1},
        ],
    )
    def test_of_a_later_version_only_grows(self, signer: Signer, change: dict[str, Any]) -> None:
        signer.sign_receipt(FIRST)
        with pytest.raises(SignerRefused):
            signer.sign_receipt(replace(FIRST, version=2, **change))

    def test_of_an_earlier_version_comes_too_late(self, signer: Signer) -> None:
        signer.sign_receipt(SECOND)
        with pytest.raises(SignerRefused, match="comes after"):
            signer.sign_receipt(FIRST)

    def test_is_held_against_the_newest_alone_however_many_there_are(self, signer: Signer) -> None:
        for version in range(1, 12):  # the eleventh comes after the ninth, in letters too
            signer.sign_receipt(replace(FIRST, version=version, amount_ubtt=1_000 + version))
        with pytest.raises(SignerRefused, match="never promises less"):
            signer.sign_receipt(replace(FIRST, version=12, amount_ubtt=1_010))
        with pytest.raises(SignerRefused, match="comes after version 11"):
            signer.sign_receipt(replace(FIRST, version=10, amount_ubtt=1_011))

    @pytest.mark.parametrize(
        "change",
        [
            {"amount_ubtt": 0},
            {"amount_ubtt": 2**63},
            {"expires_at_s": NOW_S},
            {"expires_at_s": NOW_S + 8 * 86_400},
            {"payer": earnings_account(ASSET, 2)},
            {"payee": FIRST.payer},
            {"payee": AccountName(ASSET, AccountKind.FEES)},
            {"payee": user_account(Asset.TRC10, 8)},
            {"payer_key": bytes(33)},
            {"asset": Asset.TRX},
        ],
    )
    def test_of_nonsense_is_not_signed(self, signer: Signer, change: dict[str, Any]) -> None:
        with pytest.raises(SignerRefused):
            signer.sign_receipt(replace(FIRST, **change))

    def test_beyond_the_limit_of_a_day_waits(self, signer: Signer, tmp_path: Path) -> None:
        signer.status()
        signer.set_rules(replace(DEFAULT, receipts_per_day_ubtt=1_500))
        signer.sign_receipt(FIRST)
        signer.close()
        signer = signer_in(tmp_path)  # it counts what is in its store
        with pytest.raises(SignerLimited):
            signer.sign_receipt(replace(FIRST, channel="f" * 32, amount_ubtt=501))
        signer.sign_receipt(SECOND)  # adds 500
        with pytest.raises(SignerLimited):
            signer.sign_receipt(replace(SECOND, version=3, amount_ubtt=1_501))
        tomorrow = Signer(place_in(tmp_path), signer._network, now_ms=lambda: NOW_MS + 86_400_000)
        signer.close()
        tomorrow.sign_receipt(replace(SECOND, version=3, amount_ubtt=1_501))
        tomorrow.close()

    def test_waits_while_the_signer_is_locked(self, tmp_path: Path) -> None:
        signer = found_signer(tmp_path, passphrase=True)
        with pytest.raises(SignerLocked):
            signer.sign_receipt(FIRST)
        signer.unlock(PASSPHRASE)
        assert signer.sign_receipt(FIRST)
        signer.close()

    def test_request_comes_through_the_socket_as_it_is(self) -> None:
        sent = json.loads(json.dumps(hub_messages.write_receipt_request(FIRST)))
        assert hub_messages.read_receipt_request(sent) == FIRST
        for field in sent:
            for nonsense in NONSENSE:
                with pytest.raises(BadFrame):
                    hub_messages.read_receipt_request(sent | {field: nonsense})


class TestWhatTheHubSaysOfItself:
    def test_is_signed_over_the_askers_nonce(self, signer: Signer) -> None:
        request = InfoRequest(ASSET, bytes(range(16)), 25_000, NOW_S + 60)
        signature, key = signer.sign_info(request), signer.hub_key(ASSET)
        info = HubInfo(hub_id_of(key), request.nonce, SpeedNetwork.DEVNET, ASSET, 25_000, NOW_S + 60)
        info.check(key, signature)

    def test_is_said_of_this_moment_only(self, signer: Signer) -> None:
        for request in (InfoRequest(ASSET, bytes(16), 0, NOW_S + 61), InfoRequest(ASSET, bytes(16), 10**6 + 1, NOW_S)):
            with pytest.raises(SignerRefused):
                signer.sign_info(request)

    def test_comes_from_a_key_for_each_asset_and_network(self, tmp_path: Path) -> None:
        here, there = found_signer(tmp_path / "here"), found_signer(tmp_path / "there", network=NILE)
        keys = {signer.hub_key(asset) for signer in (here, there) for asset in (Asset.TRC10, Asset.TRC20)}
        assert len(keys) == 4
        with pytest.raises(SignerRefused):
            here.hub_key(Asset.TRX)
        here.close()
        there.close()


class TestTheSecretOfTheHub:
    def test_is_added_to_a_keystore_from_before_and_leaves_the_others_sealed_as_they_are(self, tmp_path: Path) -> None:
        found_signer(tmp_path).close()
        keys = place_in(tmp_path).keys
        change(keys, lambda content: content["versions"]["1"]["secrets"].pop("hub"))
        old = keystore.load(keys)
        signer = signer_in(tmp_path)
        key = signer.hub_key(ASSET)
        signer.close()
        new = keystore.load(keys)
        assert old.versions[1].secrets == {Purpose.PHRASE: new.versions[1].secrets[Purpose.PHRASE]}
        assert old.versions[1].data_key == new.versions[1].data_key
        again = signer_in(tmp_path)
        assert again.hub_key(ASSET) == key
        again.close()

    def test_stays_through_a_rotation_and_a_backup(self, tmp_path: Path) -> None:
        signer = found_signer(tmp_path, passphrase=True)
        signer.unlock(PASSPHRASE)
        key = signer.hub_key(ASSET)
        signer.close()
        place = place_in(tmp_path)
        kept = keystore.load(place.keys)
        assert isinstance(kept.wrap, Scrypt)
        with stretch(PASSPHRASE, kept.wrap) as old:
            lock = founding.lock_by_passphrase(PASSPHRASE, n=2**4)
            backup = backups.make(place.folder, kept, old, lock)
            rotation.rotate(place, old, lambda: founding.lock_by_passphrase(PASSPHRASE, n=2**4))
        rotated = signer_in(tmp_path)
        rotated.unlock(PASSPHRASE)
        assert rotated.hub_key(ASSET) == key
        rotated.close()
        opened = backup.secrets(PASSPHRASE)
        other = place_in(tmp_path / "other")
        fresh = founding.lock_by_key_file(other.key_file)
        entries, hub = backup.entries, opened[Purpose.HUB]
        founding.found(
            other.folder, opened[Purpose.PHRASE], fresh, network="devnet", at_ms=NOW_MS, entries=entries, hub=hub
        )
        restored = signer_in(tmp_path / "other")
        assert restored.hub_key(ASSET) == key
        restored.close()
