"""A demo that is played without processes: its boxes answer as real ones would, so that it tells all it ever tells."""

from pathlib import Path
from typing import Any

import pytest

from seedbox.config.demo import stage as stages
from seedbox.config.demo.boxes import BUYING, SELLING, DemoBox
from seedbox.config.demo.play import BIDDING, CONTROL, Play
from seedbox.config.demo.stage import BUYER, SELLER, Stage
from seedbox.config.demo.story import Line, Story
from seedbox.config.demo.swarm import Film, Leechers
from seedbox.domain.kept import kept
from speed.domain.uplift import Interval, Uplift, Verdict
from speed.services.auto_rows import uplift_kept
from wallet.domain.money import UBTT_PER_BTT

KIB = 1024
SLOW_BYTES_PER_S, FAST_BYTES_PER_S = 240 * KIB, 768 * KIB
BETWEEN_LOOKS_S = 5
BLOCK_LOOKS = 8  # of the paid block before the unpaid one, and of that
EARNED_UBTT, FEE_UBTT = 99, 1  # between two looks
SEEN = {"seen": kept("The swarm gives %(free)s, the wish is %(wish)s", {"free": "240 KiB/s", "wish": "768 KiB/s"})}
SAID = [
    {"state": BIDDING, "sentence": kept("%(seen)s: too slow, and bid for if it stays so.", SEEN)},
    {"state": CONTROL, "sentence": kept("%(seen)s: unpaid for a moment, to see what paying changes.", SEEN)},
]
GAIN = Uplift(Verdict.BRINGS_NOTHING, 6, Interval(1.05, 0.97, 1.14), is_pooled=True)


def play(folder: Path) -> Story:
    """Return the story of a demo, with what it waited for on the way among its lines."""
    waits: list[Line] = []
    story = Story([lambda told: waits.append(Line(0, told.waits_for)) if told.waits_for else None])
    with pytest.MonkeyPatch.context() as time:
        time.setattr(stages, "LOOK_AGAIN_S", 0.0)
        time.setattr(stages, "NOTE_AGAIN_S", 0.0)
        story.figures = Play(PlayedStage(story, folder, is_over=lambda: False)).run()
    story.lines += dict.fromkeys(waits)
    return story


class Trade:
    """What both boxes know of it; it goes on with each look of the buyer's."""

    at_s = looks_since_on = downloaded_bytes = paid = 0
    is_on = False

    @property
    def auto(self) -> str:
        is_unpaid = BLOCK_LOOKS <= self.looks_since_on < 2 * BLOCK_LOOKS
        return "" if not self.is_on else CONTROL if is_unpaid else BIDDING

    def go_on(self) -> dict[str, Any]:
        is_paid = self.auto == BIDDING
        speed_bytes_per_s = FAST_BYTES_PER_S if is_paid else SLOW_BYTES_PER_S
        self.at_s += BETWEEN_LOOKS_S
        self.looks_since_on += self.is_on
        self.paid += is_paid
        self.downloaded_bytes += speed_bytes_per_s * BETWEEN_LOOKS_S
        return {
            "at_s": self.at_s,
            "downloaded_bytes": self.downloaded_bytes,
            "accepted_bytes": self.downloaded_bytes,
            "speed_bytes_per_s": speed_bytes_per_s,
            "offers": 1,
            "open_deals": int(self.is_on),
            "auto": self.auto,
            "said": SAID if self.is_on else [],
            "uplift": uplift_kept(GAIN),
            "signed_ubtt": (EARNED_UBTT + FEE_UBTT) * self.paid,
            "balances": self.balances,
        }

    @property
    def balances(self) -> dict[str, int]:
        return {BUYER: 20 * UBTT_PER_BTT, SELLER: EARNED_UBTT * self.paid, "fees": FEE_UBTT * self.paid}

    @property
    def sold(self) -> dict[str, int]:
        spent_ubtt = (EARNED_UBTT + FEE_UBTT) * self.paid
        return {"open_deals": int(self.is_on), "earned_ubtt": EARNED_UBTT * self.paid, "redeemed_ubtt": spent_ubtt}


class PlayedBox(DemoBox):
    """A box of which nothing runs."""

    trade: Trade

    def start(self) -> None: ...

    def lend_hand(self) -> None: ...

    def is_well(self) -> bool:
        return True

    def ask(self, verb: str, **order: Any) -> Any:
        match verb:
            case "turn_on" | "turn_off":
                self.trade.is_on = verb == "turn_on"
            case "see_buyer":
                return self.trade.go_on()
            case "see_seller":
                return self.trade.sold
            case "balances":
                return self.trade.balances
            case "let_in" | "add":
                return dict.fromkeys(("code", "hub_id", "torrent", "holding"), 7)
        return True


class PlayedStage(Stage):
    def __init__(self, story: Story, folder: Path, **others: Any) -> None:
        super().__init__(story, folder, **others)
        place, trade = folder / "played", Trade()
        place.mkdir()
        self.buyer = PlayedBox(BUYING, BUYER, self.password, place, {})
        self.seller = PlayedBox(SELLING, SELLER, self.password, place, {})
        self.buyer.trade = self.seller.trade = trade

    def make_film(self) -> Film:
        self.film = PlayedFilm()
        return self.film

    def let_leechers_in(self) -> None:
        self.leechers = PlayedLeechers()


class PlayedFilm(Film):
    def __init__(self) -> None:
        self.key, self.path = "5a" * 20, Path("film.torrent")


class PlayedLeechers(Leechers):
    received_bytes, count = 0, 3

    def __init__(self) -> None: ...
