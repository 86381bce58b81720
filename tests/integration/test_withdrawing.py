"""The driver of withdrawals on a chain in memory: what goes right, and the first ways in which it goes wrong."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db.models import F

from seedbox.models import User
from tests.ledger import ASSET, BTT, balance, post, transfer, user
from tests.signers import HOT
from tests.withdrawals import SLOW_BLOCK_MS, World, check_paid_once, money, of_install, stranger_address
from wallet.chain.fake_endpoint import SWALLOWED
from wallet.domain import withdrawal_words as words
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState
from wallet.models import Attempt, ChainCursor, Halt, Withdrawal
from wallet.services import attempts, compared, halts, reconciliation, withdrawal_pages, withdrawing
from wallet.services.operators import Actor
from wallet.signer.protocol import SignerAway

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


class TestAWithdrawal:
    def test_arrives_and_is_final_when_its_block_is_solid(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        assert (asked.state, money(owner.pk)) == (WithdrawalState.QUEUED, (899, 101))
        world.step()
        asked.refresh_from_db()
        attempt = asked.attempts.get()
        assert (asked.state, attempt.state, money(owner.pk)) == ("sending", "broadcast", (899, 0))
        assert of_install(AccountKind.IN_FLIGHT) == 101
        world.tick(2)
        attempt.refresh_from_db()
        assert attempt.state == AttemptState.SEEN
        world.tick(4)
        asked.refresh_from_db()
        assert asked.state == WithdrawalState.FINAL
        assert world.paid() == [asked.amount_ubtt]
        assert (of_install(AccountKind.IN_FLIGHT), of_install(AccountKind.FEES)) == (0, 1)


class TestAnIdleDriver:
    def test_leaves_the_chain_alone_until_something_waits(self, world: World, owner: User) -> None:
        world.step()
        reads = world.one.reads + world.two.reads
        for _ in range(10):
            assert world.step().is_idle
        assert world.one.reads + world.two.reads == reads
        world.request(owner.pk)
        assert world.step().begun == 1


class TestTheDriver:
    def test_says_that_it_waits_while_the_scan_catches_up(self, world: World, owner: User) -> None:
        world.scan()
        ChainCursor.objects.update(solid_height=F("height") + halts.MAX_BEHIND_BLOCKS + 1)
        world.request(owner.pk)
        assert world.step().waits_because.startswith("withdrawals are stopped: the chain is still being read")

    def test_goes_on_beside_an_attempt_whose_signature_is_not_known(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        world.signer.problem = SignerAway("it hung up")
        world.step()
        Attempt.objects.update(state=AttemptState.SEEN, next_try_at=world.now)  # in a block that is taken back
        world.tick()
        assert asked.attempts.get().state == AttemptState.BROADCAST


class TestWithdrawalsThatWouldFail:
    def test_wait_alone_and_starve_nobody(self, world: World, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(withdrawing, "BEGUN_AT_ONCE", 3)
        world.chain.refused_receivers.add(stranger_address(13))
        stuck = [world.request(owner.pk, 20, to=stranger_address(13)) for _ in range(3)]
        asked = world.request(owner.pk)
        assert world.step().waits_because == ""
        world.tick(8)
        check_paid_once(world, asked)
        why = Withdrawal.objects.filter(state="queued").values_list("fails_because", flat=True)
        assert set(why) == {"the token does not serve this receiver"}
        (row,) = withdrawal_pages.rows_of([Withdrawal.objects.get(pk=stuck[0].pk)])
        assert "would fail now" in str(row["now_text"])

    def test_have_their_turn_again_after_a_while(self, world: World, owner: User) -> None:
        world.chain.refused_receivers.add(stranger_address())
        asked = world.request(owner.pk)
        world.step()
        world.chain.refused_receivers.clear()
        assert world.step().begun == 0
        world.now += withdrawing.TRIED_AGAIN
        world.tick(8)
        check_paid_once(world, asked)
        asked.refresh_from_db()
        assert (asked.fails_because, asked.try_from) == ("", None)


class TestNothingNewIsSigned:
    def test_while_chain_and_books_differ_though_the_halt_was_lifted(self, world: World, owner: User) -> None:
        world.agrees = False  # nobody has ever paid in what the owner has
        ChainCursor.objects.update(reconciled_at=None)
        asked = world.request(owner.pk)
        assert "the chain and the books differ" in world.step().waits_because  # it was compared before the signature
        halts.lift(Halt.objects.get().pk, actor=Actor(1, "ada"), reason="looked", now=world.now)
        assert world.step().waits_because == "withdrawals are stopped: the chain and the books differ"
        assert not asked.attempts.exists() and world.signer.requests == []

    def test_when_they_were_compared_more_than_three_rounds_ago(self, world: World, owner: User) -> None:
        asked = world.request(owner.pk)
        drafted = attempts.draft(world.door, asked, hot=HOT, at=attempts.moment(world.door))
        late = world.now + compared.MOST_AGE + timedelta(seconds=1)
        assert "held against the books last on 2024-11-23 12:00:00 UTC" in compared.why_not(late)
        assert attempts.prepare(asked.pk, drafted, number=1, now=late) is None
        assert money(owner.pk) == (899, 101)
        assert attempts.prepare(asked.pk, drafted, number=1, now=late - timedelta(seconds=1)) is not None

    def test_when_no_block_was_read_for_five_minutes_though_they_were_compared_just_now(
        self, world: World, owner: User
    ) -> None:
        world.agrees = False
        asked = world.request(owner.pk)
        late = world.now + timedelta(hours=3)
        ChainCursor.objects.update(reconciled_at=late)
        done = withdrawing.step(world.door, world.signer, now=late)
        assert done.waits_because.endswith("the newest block of the chain was read on 2024-11-23 12:00:00 UTC")
        assert not asked.attempts.exists() and world.signer.requests == []

    def test_before_they_were_ever_compared(self, world: World) -> None:
        ChainCursor.objects.update(reconciled_at=None)
        assert compared.why_not(world.now) == words.NEVER_COMPARED


class TestTheBooksAndTheChain:
    def test_agree_at_every_height_while_withdrawals_arrive_fail_and_are_lost(
        self, owner: User, tmp_path: Path
    ) -> None:
        world = World(tmp_path)
        world.scan()
        treasury, fees = own_account(ASSET, AccountKind.TREASURY), own_account(Asset.TRX, AccountKind.NETWORK_FEES)
        assert post(transfer(treasury, user(owner.pk), 1_000 * BTT, kind=TransferKind.GRANT)).is_done
        had_sun = balance(fees)
        arrived = world.request(owner.pk)
        world.step()
        world.tick()
        world.chain.execution.token_faults.append("OUT_OF_ENERGY")
        failed = world.request(owner.pk)
        world.step()
        world.tick()
        world.one.broadcast_faults.append(SWALLOWED)
        lost = world.request(owner.pk)
        for _ in range(16):
            world.tick(block_ms=SLOW_BLOCK_MS)
            world.scan()
            assert {row.asset: row.difference for row in reconciliation.run(now=world.now)} == dict.fromkeys(Asset, 0)
        assert not Halt.objects.exists()
        for one, state in ((arrived, "final"), (failed, "returned"), (lost, "final")):
            one.refresh_from_db()
            assert one.state == state
        assert lost.attempts.count() == 2
        assert world.paid() == [100 * BTT] * 2
        # What the chain has burned is booked once, also for the call that failed.
        burned = sum(attempt.fee_sun or 0 for attempt in Attempt.objects.all())
        assert had_sun - balance(fees) == burned > (failed.attempts.get().fee_sun or 0) > 0
