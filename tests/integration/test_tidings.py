"""What becomes a notice: of torrents and nodes as the node sees them, of money and deals as their rows say."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from seedbox.config.telling import Crier
from seedbox.domain.numerals import called
from seedbox.domain.states import State
from seedbox.engine.fake import FakeEngine
from seedbox.models import Holding, Node, Notice, Observation, User
from seedbox.services import holdings, nodes, notices, readers, torrent_tidings
from seedbox.services.node_tidings import NodeWatch
from seedbox.services.ward import Charge
from speed.models import AutoDecision
from tests import auto_story
from tests.builders import NOW, make_holding, make_torrent
from tests.deposits import CAME
from tests.ledger import BTT, fund, post, transfer, user
from tests.market_rows import a_buying_deal
from tests.sources import make_metainfo
from tests.turns import TurnedNode
from tests.withdrawals import stranger_address
from wallet.domain.deposits import DepositFate
from wallet.domain.kinds import TransferKind
from wallet.domain.tron.addresses import to_base58
from wallet.models import Account, Deposit, HaltReason, Transfer, Withdrawal
from wallet.services import address_book, halts, operators, withdrawals
from wallet.services.operators import Actor

pytestmark = pytest.mark.both_databases

MINUTE = timedelta(minutes=1)
SOURCE = make_metainfo()
KEY = SOURCE.info_hash_v1


def told(user: User) -> list[str]:
    return [notice.text for notice in notices.newest(user.pk)][::-1]


@pytest.mark.django_db
class TestATorrent:
    def test_that_is_complete_is_told_once_to_those_who_waited_for_it(self, owner: User, stranger: User) -> None:
        holding = holdings.add(user=owner, source=SOURCE, now=NOW)
        idle = holdings.add(user=stranger, source=SOURCE, now=NOW, runs=False)
        node = TurnedNode()
        node.turn(times=2)
        node.engine.deliver(KEY, 10**9)
        node.turn(times=2)
        node.stop()
        again = TurnedNode(FakeEngine(), now=node.now)  # starts anew and checks what is on the disk
        again.turn(times=3)
        again.engine.deliver(KEY, 10**9)
        again.turn(times=3)
        again.stop()
        assert told(owner) == ["debian.iso is complete."]
        assert told(stranger) == []
        assert Notice.objects.get().url_args == [holding.pk]
        assert idle.torrent_id == holding.torrent_id

    def test_in_trouble_is_told_when_it_begins_and_when_it_ends(self, owner: User) -> None:
        holdings.add(user=owner, source=SOURCE, now=NOW)
        node = TurnedNode()
        node.turn(times=2)
        charge = node.loop.ward.charges[KEY]
        for state, error in (
            (State.ERROR, "It broke."),
            (State.CHECKING, ""),
            (State.ERROR, "It broke."),
            (State.DOWNLOADING, ""),
        ):
            charge.engine_says = None
            charge.show(state, error)
            node.loop.ward.has_urgent = True
            node.turn(after_s=0.1)
        node.stop()
        assert told(owner) == ["debian.iso has an error: It broke.", "debian.iso is well again."]

    def test_is_told_as_soon_as_the_engine_has_counted_what_came(self, owner: User) -> None:
        charge = a_charge(make_holding(owner, make_torrent("debian.iso")))
        charge.observation.done_bytes = 5
        see([charge])
        assert told(owner) == []
        charge.observation.downloaded_bytes = 5
        see([charge])
        assert told(owner) == ["debian.iso is complete."]

    def test_turns_no_words_around_by_its_name(self, owner: User) -> None:
        charge = a_charge(make_holding(owner, make_torrent("film\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe")))
        charge.show(State.ERROR, "Bad\N{RIGHT-TO-LEFT OVERRIDE}.")
        see([charge])
        assert told(owner) == ["film\N{REPLACEMENT CHARACTER}gpj.exe has an error: Bad\N{REPLACEMENT CHARACTER}."]

    def test_is_one_of_many_where_many_have_the_same_to_tell(self, owner: User) -> None:
        charges = [a_charge(make_holding(owner, make_torrent(f"{number}.iso"))) for number in range(9)]
        for charge in charges:
            charge.show(State.MISSING)
        see(charges[:4])
        assert told(owner) == ["4 torrents have an error."]
        see(charges[4:])  # in the same minute: a disk that is full stops one after the other
        assert told(owner) == ["4 torrents have an error.", "5 torrents have an error."]


def a_charge(holding: Holding) -> Charge:
    observation = Observation(torrent=holding.torrent, wanted_bytes=5, state=State.DOWNLOADING)
    return Charge(holding.torrent_id, holding.torrent.key, "/x", observation)


def see(charges: list[Charge]) -> None:
    notices.tell(torrent_tidings.of(charges, now=NOW))
    for charge in charges:
        torrent_tidings.note(charge)


@pytest.mark.django_db
class TestANode:
    def test_that_is_silent_is_told_to_admins_and_again_when_it_is_back(self, owner: User, admin: User) -> None:
        watch = NodeWatch()
        nodes.claim(name="far", token="a", folder="/x", now=NOW)
        watch.look(now=NOW)
        watch.look(now=NOW + MINUTE)
        assert told(admin) == []  # it may only start anew
        for minutes in (2, 3):
            for one in (watch, NodeWatch()):
                one.look(now=NOW + minutes * MINUTE)
        Node.objects.update(beat_at=NOW + 4 * MINUTE)
        for _ in range(2):
            watch.look(now=NOW + 4 * MINUTE)
        assert told(admin) == [
            "The node far does not run. Its torrents rest until it is back.",
            "The node far runs again.",
        ]
        assert told(owner) == []

    def test_whose_disk_fills_up_is_told_once_a_day(self, admin: User) -> None:
        nodes.claim(name="far", token="a", folder="/x", now=NOW)
        Node.objects.update(free_bytes=1024**3, total_bytes=1024**4)
        for _ in range(2):
            NodeWatch().look(now=NOW)
        assert told(admin) == ["The disk of the node far is nearly full: 1.00 GiB are free."]


def an_ended_withdrawal(owner: User, state: str, now: datetime) -> None:
    address = to_base58(stranger_address())
    if address_book.find(owner.pk, stranger_address()) is None:
        address_book.add(owner.pk, address, label="", now=now)
    wish = withdrawals.Wish(user_id=owner.pk, address=address, amount_ubtt=50 * BTT, fee_ubtt=1, key=uuid4().hex)
    found = withdrawals.request(wish, now=now)
    Withdrawal.objects.filter(pk=found.pk).update(state=state, ended_at=now, needs_approval=False)


@pytest.mark.django_db
class TestMoney:
    def test_that_came_is_told_to_whom_it_came_once_by_whoever_looks(self, owner: User, stranger: User) -> None:
        fund(user(owner.pk), 5 * BTT)
        booked = {"transfer_id": Transfer.objects.get().pk, "amount_ubtt": 5 * BTT, "fate": DepositFate.CREDITED}
        Deposit.objects.create(**CAME, address="TX", user_id=owner.pk, written_at=NOW, **booked)
        Deposit.objects.create(
            **CAME | {"index": 1}, address="TX", user_id=owner.pk, written_at=NOW, fate=DepositFate.SMALL
        )
        post(transfer(user(owner.pk), user(stranger.pk), 2 * BTT, kind=TransferKind.TIP, memo="thanks"))
        for crier in (Crier(), Crier()):
            for later in range(2):
                crier.tell(now=NOW + later * MINUTE)
        assert sorted(told(owner)) == ["5 BTT came in.", "Something came to your address that could not be credited."]
        assert told(stranger) == ["olga sent you 2 BTT: “thanks”"]

    def test_is_told_to_each_as_that_person_writes_amounts(self, owner: User, stranger: User) -> None:
        readers.choose(called("1.234,5"), user_id=stranger.pk)
        fund(user(owner.pk), 5_000 * BTT)
        for sender, receiver, memo in ((owner, stranger, "50 % of it"), (stranger, owner, "")):
            gift = transfer(
                user(sender.pk), user(receiver.pk), 1_234 * BTT + BTT // 2, kind=TransferKind.TIP, memo=memo
            )
            post(gift)
        Crier().tell(now=NOW)
        assert told(stranger) == ["olga sent you 1.234,5 BTT: “50 % of it”"]
        assert told(owner) == ["sam sent you 1,234.5 BTT."]

    def test_that_left_or_could_not_is_told(self, owner: User) -> None:
        fund(user(owner.pk), 1_000 * BTT)
        crier = Crier()
        crier.tell(now=NOW - 2 * MINUTE)
        for state in ("final", "returned", "rejected", "cancelled"):
            an_ended_withdrawal(owner, state, NOW)
        crier.tell(now=NOW)
        assert sorted(told(owner)) == [
            "Your withdrawal of 50 BTT did not arrive. The money is back.",
            "Your withdrawal of 50 BTT has arrived.",
            "Your withdrawal of 50 BTT was rejected. The money is back.",
        ]

    def test_that_waits_and_halts_are_told_to_admins_only(self, owner: User, admin: User) -> None:
        fund(user(owner.pk), 1_000 * BTT)
        an_ended_withdrawal(owner, "final", NOW)
        Withdrawal.objects.update(state="checking", needs_approval=True, ended_at=None)
        halts.halt(HaltReason.LAG, "far behind", NOW)
        Crier().tell(now=NOW)
        halts.lift(halts.standing()[0].pk, actor=Actor(admin.pk, "ada"), reason="seen to", now=NOW)
        Crier().tell(now=NOW)
        assert sorted(told(admin)) == [
            "A halt was lifted: The chain is not being read.",
            "A withdrawal of 50 BTT waits for an approval.",
            "Withdrawals are halted: The chain is not being read.",
        ]
        assert told(owner) == []

    def test_that_is_frozen_is_told_with_the_reason(self, owner: User) -> None:
        fund(user(owner.pk), BTT)
        actor = Actor(1_000_001, "ada")
        for act in (operators.freeze, operators.thaw):
            act(
                account_id=Account.objects.filter(ref=str(owner.pk)).latest("pk").pk,
                actor=actor,
                reason="a check",
                key=uuid4().hex,
                now=NOW,
            )
        Crier().tell(now=NOW)
        assert told(owner) == [
            "Your money was frozen by an operator: a check",
            "Your money is free again: a check",
        ]


@pytest.mark.django_db
class TestTheMarket:
    def test_tells_of_deals_that_cost_something_and_bids_that_ended(self, owner: User) -> None:
        holding = make_holding(owner, make_torrent("debian.iso"))
        story = auto_story.tell(holding, now=NOW, minutes=1)
        a_buying_deal(holding, ended_at=NOW, end_reason="complete", deal_id="aa" * 16, channel_id="aa" * 16)
        a_buying_deal(holding, ended_at=NOW, cumulative_ubtt=0, deal_id="bb" * 16, channel_id="bb" * 16)
        for state in ("no_money", "no_money", "no_gain"):
            AutoDecision.objects.create(run=story.run, at=NOW, state=state, sentence="…")
        for _ in range(2):
            Crier().tell(now=NOW)
        assert sorted(text.partition(":")[0] for text in told(owner)) == [
            "A deal for debian.iso ended",
            "Bidding for debian.iso has stopped",
            "No money is left to bid for debian.iso",
        ]
