"""The hub's receipts, which wait for the signer, and its statements, which prove what they say."""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.hubs import BUYER, HOUR_S, SELLER, STRANGER, THEN, opened, promised, signed
from tests.ledger import BTT, balance, user
from tests.signers import PASSPHRASE, found_signer
from wallet.domain.hub import ChannelState, HubRefused, Redemption
from wallet.domain.proofs import verify
from wallet.domain.speed1.voucher import Voucher
from wallet.models import HubKey, ReceiptVersion
from wallet.services import (
    hub_channels,
    hub_identity,
    hub_receipts,
    hub_statement,
    hub_vouchers,
    seals,
    speed_keys,
)
from wallet.signer.signer import Signer

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


class TestReceipts:
    def test_wait_for_a_signer_that_is_locked(self, bound: str, tmp_path: Path) -> None:
        signer = found_signer(tmp_path / "locked", passphrase=True)
        channel = opened(bound)
        assert hub_receipts.sign_waiting(signer, now=THEN) == 0
        assert not HubKey.objects.exists()
        signer.unlock(PASSPHRASE)
        assert hub_receipts.sign_waiting(signer, now=THEN) == 1
        assert hub_channels.seen(channel.id, BUYER, now=THEN).state is ChannelState.OPEN
        assert hub_identity.hub_id() == hub_channels.seen(channel.id, BUYER, now=THEN).receipt[20:40]
        signer.close()

    def test_come_in_order_and_the_newest_is_shown(self, bound: str, signer: Signer) -> None:
        channel = opened(bound)
        hub_channels.top_up(
            caller=BUYER, channel_id=channel.id, key="2", amount_ubtt=BTT, expires_s=HOUR_S + 60, now=THEN
        )
        assert hub_receipts.sign_waiting(signer, now=THEN) == 2
        assert hub_receipts.sign_waiting(signer, now=THEN) == 0
        assert hub_channels.seen(channel.id, BUYER, now=THEN).is_signed

    def test_are_so_many_of_a_channel_and_no_more(self, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hub_channels, "MAX_VERSIONS", 2)
        channel = opened(bound)
        longer = {"caller": BUYER, "channel_id": channel.id, "expires_s": HOUR_S, "now": THEN}
        assert hub_channels.top_up(key="2", amount_ubtt=1, **longer).amount_ubtt == 4 * BTT + 1  # type: ignore[arg-type]  # its arguments
        with pytest.raises(HubRefused, match="Open another one"):
            hub_channels.top_up(key="3", amount_ubtt=1, **longer)  # type: ignore[arg-type]  # as above
        assert hub_channels.seen(channel.id, BUYER, now=THEN).amount_ubtt == 4 * BTT + 1
        assert balance(user(int(bound))) == 6 * BTT - 1

    def test_are_waited_for_by_whoever_wants_to(self, bound: str, signer: Signer) -> None:
        channel = opened(bound)
        looks: list[int] = []

        def clock() -> datetime:
            looks.append(1)
            if len(looks) == 3:
                hub_receipts.sign_waiting(signer, now=THEN)
            return THEN

        found = hub_channels.wait_until_signed(channel.id, BUYER, wait_s=5, clock=clock)
        assert (found.state, len(looks)) == (ChannelState.OPEN, 3)
        longer = {"caller": BUYER, "channel_id": channel.id, "amount_ubtt": 1, "expires_s": HOUR_S, "now": THEN}
        hub_channels.top_up(key="2", **longer)  # type: ignore[arg-type]  # its arguments
        assert not hub_channels.wait_until_signed(channel.id, BUYER, wait_s=0, clock=lambda: THEN).is_signed

    def test_that_the_signer_refuses_are_not_asked_for_again(self, bound: str, signer: Signer) -> None:
        channel = opened(bound, now=THEN - timedelta(days=8))  # a clock that ran wrong
        ReceiptVersion.objects.filter(channel_id=channel.id).update(trouble="")
        speed_keys.bind_user(int(bound), BUYER, daily_limit_ubtt=6 * BTT, now=THEN)
        ahead = opened(bound, key="2", now=THEN + timedelta(days=8))
        assert hub_receipts.sign_waiting(signer, now=THEN) == 1
        assert "seven days" in ReceiptVersion.objects.get(channel_id=ahead.id).trouble
        assert hub_channels.seen(ahead.id, BUYER, now=THEN).state is ChannelState.OPENING

    def test_wait_for_the_day_when_the_signers_limit_is_used_up(self, bound: str, signer: Signer) -> None:
        signer.status()
        signer.set_rules(replace(signer.rules, receipts_per_day_ubtt=BTT))
        opened(bound)
        small = opened(bound, key="2", amount_ubtt=BTT)
        assert hub_receipts.sign_waiting(signer, now=THEN) == 1
        assert hub_channels.seen(small.id, BUYER, now=THEN).is_signed
        assert not ReceiptVersion.objects.exclude(trouble="").exists()

    def test_that_are_too_large_hide_no_small_ones(
        self, bound: str, signer: Signer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_receipts, "AT_ONCE", 2)
        signer.status()
        signer.set_rules(replace(signer.rules, receipts_per_day_ubtt=BTT // 2))
        large = [opened(bound, key=key, amount_ubtt=BTT) for key in ("1", "2", "3")]
        for key in ("4", "5"):  # of a channel whose first receipt waits: they would promise that as well
            hub_channels.top_up(
                caller=BUYER, channel_id=large[0].id, key=key, amount_ubtt=1, expires_s=HOUR_S, now=THEN
            )
        small = opened(bound, key="6", amount_ubtt=BTT // 4)
        assert hub_receipts.sign_waiting(signer, now=THEN) == 1
        assert hub_channels.seen(small.id, BUYER, now=THEN).is_signed
        assert not ReceiptVersion.objects.exclude(trouble="").exists()

    def test_of_a_hub_with_a_new_key_keep_the_old_promises(self, bound: str, signer: Signer, tmp_path: Path) -> None:
        channel = signed(opened(bound), signer)
        other = found_signer(tmp_path / "other", words="abandon " * 11 + "about")
        hub_identity.note_key(other, now=THEN)
        other.close()
        assert hub_identity.hub_id() != channel.receipt[20:40]
        hub_identity.note_key(signer, now=THEN)
        assert hub_identity.hub_id() == channel.receipt[20:40]
        assert HubKey.objects.count() == 3
        (paid,) = hub_vouchers.redeem(caller=SELLER, brought=[promised(channel, 5)], key="1", now=THEN)
        assert paid.outcome is Redemption.PAID


class TestAStatement:
    def test_tells_both_sides_what_is_sealed_and_proves_it(self, bound: str, signer: Signer) -> None:
        channel = signed(opened(bound), signer)
        assert hub_statement.read(caller=BUYER, after=0).entries == ()
        hub_vouchers.redeem(caller=SELLER, brought=[promised(channel, 5)], key="1", now=THEN)
        seals.seal_new(now=THEN)
        found = hub_statement.read(caller=BUYER, after=0)
        assert [(one.kind, one.amount_ubtt, one.is_in) for one in found.entries] == [
            ("channel opened", 4 * BTT, True),
            ("voucher", 5, False),
        ]
        assert {one.channel for one in found.entries} == {channel.id}
        promise = Voucher(hub_identity.hub_id(), bytes.fromhex(channel.id), bytes.fromhex(SELLER), 5)
        assert found.entries[1].cause == f"voucher/{channel.id}/{sha256(promise.encode()).hexdigest()}"
        for entry in found.entries:
            assert verify(entry.proof).hash == entry.seal_hash
        assert hub_statement.read(caller=SELLER, after=found.entries[0].sequence).entries == found.entries[1:]
        assert hub_statement.read(caller=STRANGER, after=0).entries == ()

    def test_comes_in_pages(self, bound: str, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hub_statement, "PAGE_ENTRIES", 2)
        channel = signed(opened(bound), signer)
        for number in range(1, 4):
            hub_vouchers.redeem(caller=SELLER, brought=[promised(channel, number)], key=f"v{number}", now=THEN)
        seals.seal_new(now=THEN)
        seen, page = [], hub_statement.read(caller=SELLER, after=0)
        while True:
            seen += [one.amount_ubtt for one in page.entries]
            if not page.more:
                break
            page = hub_statement.read(caller=SELLER, after=page.entries[-1].sequence)
        assert seen == [4 * BTT, 1, 1, 1]
