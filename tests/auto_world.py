"""A node with two users, three sellers and a hub, all of whom do anything; what must hold is looked at each second."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from seedbox.models import User
from speed.domain.auto_terms import OwnTerms
from speed.domain.autobid_view import State
from speed.domain.buying import price_of
from speed.domain.deals import LIVE, DealState
from speed.domain.refusals import Reason
from speed.models import AutoRun, Budget, BuyingDeal
from speed.models import Bid as BidRow
from speed.services import auto_screen, autobid, budgets
from speed.services.autobid import Choice, Terms
from tests.auto_bidding import BLOCK_MS, KIB, WISH, AutoTaker, Shop, seed_for
from tests.builders import make_holding
from tests.buying import BTT, MIB, PRICE, Taker
from tests.conftest import SLOW_S
from tests.market import HUB_KEY
from wallet.domain.speed1.receipt import read_receipt

BID = (DealState.OPEN, DealState.IN_LANE)
LAG_S = 3  # until a word is read, and what it changes is bid
MOST_ON_ITS_WAY = 4 * MIB  # that comes from one seller until then, and what a round may bill beyond its pace
MOST_CHANGES = 4  # of what is done within a slow minute: a wish met, a control begun and ended
RESTS = {State.STOPPED, State.DONE, State.LATE, State.NO_GAIN, State.FAST_ENOUGH, State.WATCHING}
RESTS |= {State.CONTROL, State.NO_SELLERS, State.TOO_DEAR, State.NO_MONEY}


@dataclass
class Person:
    """A user, and the most that may be signed with this money."""

    user: User
    ceilings: list[tuple[datetime, int]]
    of_torrent_ubtt: int
    of_day_ubtt: int
    used_ubtt: int = 0
    used_today_ubtt: int = 0
    rests_for_s: int = 0


@dataclass
class Counter(Shop):
    """A shop that grants nothing for bids of a connection that was lost, or out of a channel that has ended."""

    forgotten: int = 0  # bids

    def answer(self, taker: Taker) -> None:
        if len(self.bids) > self.forgotten and not self.forget_expired(taker.floor.now):
            super().answer(taker)

    def forget_expired(self, now: datetime) -> bool:
        """Say whether the last bid's channel has expired; its deal has then ended, however the clock goes on."""
        if not self.bids or now.timestamp() < read_receipt(self.bids[-1].receipt, hub_key=HUB_KEY).expires_at_s:
            return False
        self.forgotten = len(self.bids)
        return True


class World(AutoTaker):
    def __init__(self, owner: User, other: User) -> None:
        super().__init__(owner)
        self.people = [self._person(owner), self._person(other)]
        self.books.bind(str(other.pk), self.floor.key.public_key.hex(), daily_limit_ubtt=500 * BTT)
        self.books.money[str(other.pk)] = 500 * BTT
        make_holding(other, self.torrent)
        self.shops = [Counter(number, ask=PRICE * number // 2, speed=300 * KIB) for number in (1, 2, 3)]
        self.there = list(self.shops)
        for shop in self.shops:
            self.connect(shop)
        self.heard = dict.fromkeys(range(3), 0)  # bids of each seller that were looked at
        self.changes: list[tuple[datetime, str]] = []  # of what is done, since anything but time has changed
        self.flipped_at: datetime | None = None
        self.was_slow: dict[int, bool] = {}

    def _person(self, user: User) -> Person:
        return Person(
            user, [(self.floor.now, WISH.ceiling_ubtt_per_gib)], WISH.torrent_budget_ubtt, WISH.day_limit_ubtt
        )

    # --- what is done to it

    def turn_on(self, who: int, terms: Terms) -> None:
        person = self.people[who]
        person.ceilings.append((self.floor.now, terms.ceiling_ubtt_per_gib))
        self._lower(person, terms.torrent_budget_ubtt, terms.day_limit_ubtt)
        autobid.turn_on(person.user.pk, terms, now=self.floor.now)
        for bid in BidRow.objects.filter(user_id=person.user.pk, is_auto=True):
            AutoRun.objects.get_or_create(bid=bid, defaults={"seed": seed_for(3, 3), "block_ms": BLOCK_MS})

    def turn_off(self, who: int) -> None:
        self._lower(self.people[who], 0, 0)
        autobid.turn_off(self.people[who].user.pk, now=self.floor.now)

    def stop(self, who: int) -> None:
        self._lower(self.people[who], 0, 0)
        autobid.stop(self.people[who].user.pk, now=self.floor.now)

    def choose(self, who: int, choice: Choice) -> None:
        person = self.people[who]
        if Budget.objects.filter(pk=person.user.pk, is_on=True).exists():
            autobid.choose(person.user.pk, self.torrent.pk, choice, OwnTerms(), now=self.floor.now)
            bid = BidRow.objects.get(user_id=person.user.pk)
            day = Budget.objects.get(pk=person.user.pk).day_limit_ubtt
            person.of_torrent_ubtt = max(person.of_torrent_ubtt, bid.budget_ubtt)
            person.of_day_ubtt = max(person.of_day_ubtt, day)
            person.ceilings.append((self.floor.now, bid.max_price_ubtt_per_gib))

    def _lower(self, person: Person, of_torrent_ubtt: int, of_day_ubtt: int) -> None:
        """From now on no more than this may be signed, but for what is owed already, or comes until it is known."""
        deals = BuyingDeal.objects.filter(user_id=person.user.pk)
        highest = max(price for _, price in person.ceilings)
        under_way_ubtt = price_of(MOST_ON_ITS_WAY, highest) * sum(deal.state in LIVE for deal in deals)
        due_ubtt = sum(max(deal.owed_ubtt, deal.cumulative_ubtt) for deal in deals) + under_way_ubtt
        person.of_torrent_ubtt = max(of_torrent_ubtt, min(person.of_torrent_ubtt, due_ubtt))
        person.of_day_ubtt = max(of_day_ubtt, min(person.of_day_ubtt, due_ubtt))

    def set_swarm(self, free_bytes_per_s: int) -> None:
        self.free = free_bytes_per_s

    def set_hub(self, is_away: bool, signs: bool) -> None:
        self.books.is_away, self.books.signs = is_away, signs
        if signs:
            self.books.sign_waiting()

    def set_seller(self, number: int, ask: int, refuses: Reason | None) -> None:
        shop = self.shops[number]
        shop.ask, shop.price, shop.refuses = ask, ask, refuses

    def restart(self) -> None:
        self.buyer.finish(self.floor.now)
        self.start()
        for shop in self.there:
            self.connect(shop)
            shop.forgotten = len(shop.bids)

    def jump(self, hours: int) -> None:
        self.floor.now += timedelta(hours=hours)
        self.flipped_at = None
        for shop in self.shops:
            shop.forget_expired(self.floor.now)
        for person in self.people:
            person.ceilings = [(self.floor.now, price) for _, price in person.ceilings]

    def lose(self, number: int) -> None:
        shop = self.shops[number]
        if shop in self.there:
            self.there.remove(shop)
            self.disconnect(shop)

    def find(self, number: int) -> None:
        shop = self.shops[number]
        if shop not in self.there:
            self.there.append(shop)
            shop.forgotten = len(shop.bids)
            self.connect(shop)

    # --- time, and what must hold

    def pass_by(self, seconds: int) -> None:
        """Let time pass in which only what was said before has an effect."""
        self.changes = []
        for _ in range(seconds):
            self.run(1, *self.there)
            self._check_bids()
            self._check_hysteresis()
            for person in self.people:
                self._check_money(person)
                self._check_words(person)
            bidders = {deal.user_id for deal in BuyingDeal.objects.filter(state__in=BID, spend_ubtt_per_s__gt=0)}
            assert len(bidders) <= 1

    def _check_bids(self) -> None:
        since = self.floor.now - timedelta(seconds=LAG_S)
        for number, shop in enumerate(self.shops):
            for bid in shop.bids[self.heard[number] :]:
                if not bid.spend_ubtt_per_s:  # of a deal that has ended: it names its old price and buys nothing
                    continue
                user_id = BuyingDeal.objects.get(deal_id=bid.deal.hex()).user_id
                (person,) = (one for one in self.people if one.user.pk == user_id)
                said = zip(person.ceilings, [at for at, _ in person.ceilings[1:]] + [self.floor.now], strict=True)
                assert bid.max_price_ubtt_per_gib <= max(price for (_, price), until in said if until >= since)
            self.heard[number] = len(shop.bids)

    def _check_money(self, person: Person) -> None:
        """No channel is filled beyond what budgets are now, and nothing is signed beyond what they were to be."""
        bid, day = (
            BidRow.objects.filter(user_id=person.user.pk).first(),
            Budget.objects.filter(pk=person.user.pk).first(),
        )
        if bid is None or day is None:
            return
        torrent, today = budgets.of_torrent(bid), budgets.of_day(day, now=self.floor.now)
        signed_ubtt = sum(deal.cumulative_ubtt for deal in BuyingDeal.objects.filter(bid_id=bid.pk))
        assert torrent.used_ubtt <= max(torrent.limit_ubtt, person.used_ubtt, signed_ubtt)
        assert today.used_ubtt <= max(today.limit_ubtt, person.used_today_ubtt, signed_ubtt)
        assert signed_ubtt <= person.of_torrent_ubtt
        assert budgets.signed_within_day(person.user.pk, now=self.floor.now) <= person.of_day_ubtt
        person.used_ubtt, person.used_today_ubtt = torrent.used_ubtt, today.used_ubtt

    def _check_words(self, person: Person) -> None:
        """Whatever it does is said in a sentence, and whoever says that nothing is bid bids nothing."""
        story = auto_screen.story(person.user.pk, self.torrent.pk)
        if story is None:
            return
        assert story.sentence.endswith(".")
        state = State(story.run.state) if story.run is not None else State.FAST_ENOUGH
        rests = state in RESTS or not story.bid.is_on
        person.rests_for_s = person.rests_for_s + 1 if rests else 0
        if person.rests_for_s > LAG_S:
            bids = BuyingDeal.objects.filter(user_id=person.user.pk, state__in=BID, spend_ubtt_per_s__gt=0)
            assert not bids.exists(), story.sentence

    def _check_hysteresis(self) -> None:
        now = self.floor.now
        for run in AutoRun.objects.all():
            if self.was_slow.setdefault(run.pk, run.is_slow) != run.is_slow:
                self.was_slow[run.pk] = run.is_slow
                assert self.flipped_at is None or now - self.flipped_at >= timedelta(seconds=SLOW_S)
                self.flipped_at = now
        standing = [bid for bid in BidRow.objects.filter(is_on=True).order_by("pk") if not bid.note]
        states = list(AutoRun.objects.filter(bid__in=standing).values_list("state", flat=True))
        if len(states) == 1 and (not self.changes or self.changes[-1][1] != states[0]):
            self.changes = [(at, state) for at, state in self.changes if now - at < timedelta(seconds=SLOW_S)]
            self.changes.append((now, states[0]))
            assert len(self.changes) <= 1 + MOST_CHANGES, self.changes

    def mend(self) -> None:
        """Let nothing be in the way of the first user's bids any more."""
        self.set_hub(False, True)
        self.set_swarm(50 * KIB)
        for number in range(len(self.shops)):
            self.set_seller(number, PRICE // 2, None)
            self.find(number)
        self.turn_off(1)
        self.turn_on(0, replace(WISH, torrent_budget_ubtt=900 * BTT, day_limit_ubtt=900 * BTT))
        self.choose(0, Choice.ON)
