"""The acts of the demo: a torrent is slow, is bid for by itself, is paid for and gets fast, and is slow again."""

from dataclasses import dataclass, field
from typing import Any

from seedbox.config.demo.failure import DemoFailed
from seedbox.config.demo.stage import LINE_KIB_PER_S, SELLER, Stage
from seedbox.domain.kept import kept as _
from seedbox.domain.units import KIB, format_speed
from wallet.domain.money import UBTT_PER_BTT, format_btt

UPLOAD_BYTES_PER_S = 960 * KIB  # of its line that the seller says it has; it sells four fifths of that
WISH_BYTES_PER_S = 768 * KIB
ASK_UBTT_PER_GIB = 10 * UBTT_PER_BTT
CEILING_UBTT_PER_GIB = 40 * UBTT_PER_BTT
BUDGET_UBTT, DAY_UBTT = 20 * UBTT_PER_BTT, 50 * UBTT_PER_BTT
FEE_PPM = 10_000
EXPOSURE_UBTT = 1  # the hub owes the seller nothing: each voucher is redeemed at once
UNPAID_BLOCK = 2  # the third of eight: time to see what is paid before it and after it
MEASURED_S = 10.0
SLOW_PERCENT = 60  # of the wish: with less it is slow again
FAST_PERCENT = 75
BIDDING, CONTROL = "bidding", "control"


@dataclass
class Measured:
    """What the buyer got between two looks, by the node's own count."""

    began_s: float
    began_bytes: int
    speed_bytes_per_s: int = 0

    def look(self, seen: dict[str, Any]) -> float:
        """Take in how far it is, and return for how long it was measured."""
        took_s = float(seen["at_s"]) - self.began_s
        if took_s > 0:
            self.speed_bytes_per_s = int((seen["downloaded_bytes"] - self.began_bytes) / took_s)
        return took_s


@dataclass
class Play:
    stage: Stage
    speeds: dict[str, int] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Play all acts and return the figures. Raises DemoFailed."""
        self.set_up()
        self.begin()
        self.turn_on()
        self.see_control()
        self.turn_off()
        return self.figures()

    # --- before the curtain

    def set_up(self) -> None:
        """Two boxes that trade over the buyer's hub, on the buyer's development chain."""
        stage, say = self.stage, self.stage.story.say
        say(
            _(
                "Two boxes start, each a whole install in a temporary folder: "
                "redis, node, market, wallet, signer and web."
            )
        )
        for box in stage.boxes:
            box.start()
        film = stage.make_film()
        stage.wait(lambda: all(box.is_well() for box in stage.boxes), _("both boxes to be well"))
        for box in stage.boxes:
            box.lend_hand()
        stage.wait(lambda: all(box.ask("is_ready") for box in stage.boxes), _("their markets"))
        stage.open_doors()
        urls = {"sellers": stage.seller.url, "buyers": stage.buyer.url}
        say(_("Both are ready. The seller's: %(sellers)s. The buyer's: %(buyers)s.", urls))
        stage.buyer.ask("fund")
        for box, sells in zip(stage.boxes, (True, False), strict=True):
            box.ask("bind", address=box.address)
            limit = UPLOAD_BYTES_PER_S if sells else 0
            box.ask("take_part", sells=sells, ask_ubtt_per_gib=ASK_UBTT_PER_GIB, upload_limit_bytes_per_s=limit)
        stage.buyer.ask("charge", fee_ppm=FEE_PPM)
        pairing = stage.buyer.ask("let_in", name=SELLER, password=stage.password)
        stage.seller.ask("trust", url=stage.buyer.url, exposure_ubtt=EXPOSURE_UBTT, **pairing)
        number = stage.seller.ask("add", torrent=str(film.path), peers=[])["torrent"]
        stage.seller.ask("offer", key=film.key)
        has = stage.wait(self._money, _("the faucet's money: its block has to be irreversible"))
        amount = {"amount": format_btt(has)}
        say(_("The development chain's faucet has paid, and %(amount)s BTT are in the buyer's ledger.", amount))
        stage.wait(lambda: stage.seller.ask("is_seeding", torrent=number), _("the seller to have checked the film"))
        stage.wait(lambda: stage.seller.ask("is_paired"), _("the seller's account at the buyer's hub"))

    def _money(self) -> int:
        return int(self.stage.buyer.ask("balances").get(self.stage.buyer.person, 0))

    def begin(self) -> None:
        """The seller has too little for all: each of four gets a quarter."""
        stage, say = self.stage, self.stage.story.say
        assert stage.film is not None
        stage.let_leechers_in()
        added = stage.buyer.ask("add", torrent=str(stage.film.path), peers=[stage.seller.endpoint])
        stage.buyer.ask(
            "prepare",
            holding=added["holding"],
            ceiling_ubtt_per_gib=CEILING_UBTT_PER_GIB,
            unpaid_block=UNPAID_BLOCK,
        )
        stage.torrent = added["torrent"]
        offer = {"speed": format_speed(LINE_KIB_PER_S * KIB), "ask": format_btt(ASK_UBTT_PER_GIB)}
        say(
            _(
                "The seller can send %(speed)s in all, and asks %(ask)s BTT per GiB. Four want its film: "
                "three peers that know nothing of money, and the buyer.",
                offer,
            )
        )
        stage.wait(lambda: stage.bought["downloaded_bytes"] and stage.bought["offers"], _("the first bytes"))
        self._measure("before", _("how fast it is without money"))
        speeds = {
            "buyer": format_speed(self.speeds["before"]),
            "others": format_speed(stage.others_bytes_per_s),
            "wish": format_speed(WISH_BYTES_PER_S),
        }
        say(
            _(
                "The buyer gets %(buyer)s for nothing, the three others %(others)s together. The buyer wishes "
                "%(wish)s.",
                speeds,
            )
        )

    # --- the play

    def turn_on(self) -> None:
        """Bidding is on: the box bids by itself, and the torrent gets fast."""
        stage, say = self.stage, self.stage.story.say
        terms = {
            "ceiling_ubtt_per_gib": CEILING_UBTT_PER_GIB,
            "torrent_budget_ubtt": BUDGET_UBTT,
            "day_limit_ubtt": DAY_UBTT,
            "least_bytes_per_s": WISH_BYTES_PER_S,
            "asks_directory": True,
        }
        stage.buyer.ask("turn_on", terms=terms)
        bounds = {"ceiling": format_btt(CEILING_UBTT_PER_GIB), "budget": format_btt(BUDGET_UBTT)}
        say(
            _(
                "“Speed up slow torrents” is on: at most %(ceiling)s BTT per GiB and %(budget)s BTT for this torrent. "
                "It has to be slow for 10 s first; elsewhere for a minute.",
                bounds,
            )
        )
        sentence = stage.wait(lambda: self._sentence(BIDDING), _("the first bid"))
        say(_("The box says: %(sentence)s", {"sentence": sentence}))
        fast = WISH_BYTES_PER_S * FAST_PERCENT // 100
        stage.wait(lambda: stage.bought["speed_bytes_per_s"] >= fast or self._is_control, _("a faster torrent"))
        if not self._is_control:
            self._see_paid()

    def _see_paid(self) -> None:
        self._measure("paid", _("how fast it is for money"), until=lambda: self._is_control)
        times = f"{self.speeds['paid'] / max(self.speeds['before'], 1):.1f}"
        words = {"speed": format_speed(self.speeds["paid"]), "times": times, "paid": self._paid()}
        self.stage.story.say(
            _("The buyer gets %(speed)s, %(times)s times as much; the others share what is left. %(paid)s", words)
        )

    @property
    def _is_control(self) -> bool:
        return bool(self.stage.bought["auto"] == CONTROL)

    def see_control(self) -> None:
        """For one block nothing is paid, to see what paying changes."""
        stage, say = self.stage, self.stage.story.say
        stage.wait(lambda: self._is_control, _("the unpaid block: one of eight, drawn by lot, and here an early one"))
        say(_("The box says: %(sentence)s", {"sentence": self._sentence(CONTROL)}))
        slow = WISH_BYTES_PER_S * SLOW_PERCENT // 100
        stage.wait(lambda: stage.bought["speed_bytes_per_s"] <= slow or not self._is_control, _("what paying changes"))
        self._measure("control", _("how fast it is unpaid"), until=lambda: not self._is_control)
        say(_("Unpaid the buyer gets %(speed)s.", {"speed": format_speed(self.speeds["control"])}))
        stage.wait(lambda: stage.bought["auto"] == BIDDING, _("the end of the unpaid block"))
        fast, before = WISH_BYTES_PER_S * FAST_PERCENT // 100, stage.sold["earned_ubtt"]
        stage.wait(lambda: stage.bought["speed_bytes_per_s"] >= fast, _("what is paid again"))
        stage.wait(lambda: stage.sold["earned_ubtt"] > before, _("the seller's next earnings"))
        self._measure("again", _("how fast it is for money again"))
        self.speeds.setdefault("paid", self.speeds["again"])  # a busy machine has no full lane before the unpaid block
        again = {"speed": format_speed(self.speeds["again"]), "paid": self._paid()}
        say(_("Paid again: %(speed)s. %(paid)s", again))

    def turn_off(self) -> None:
        """Bidding is off: the last voucher is paid, the rest of the channel comes back, the torrent is slow again."""
        stage, say = self.stage, self.stage.story.say
        stage.buyer.ask("turn_off")
        say(_("It is off again: what is owed is paid, and no more."))
        stage.wait(
            lambda: not stage.bought["open_deals"] and not stage.sold["open_deals"],
            _("the end of the deal on both sides"),
        )
        slow = WISH_BYTES_PER_S * SLOW_PERCENT // 100
        stage.wait(lambda: stage.bought["speed_bytes_per_s"] <= slow, _("the speed to fall"))
        self._measure("after", _("how fast it is without money again"))
        say(_("The buyer gets %(speed)s again.", {"speed": format_speed(self.speeds["after"])}))

    # --- what was seen

    def _measure(self, name: str, what: str, until: Any = None) -> None:
        """Measure for some seconds, less if something else begins."""
        stage = self.stage
        stage.look()
        found = Measured(stage.bought["at_s"], stage.bought["downloaded_bytes"])
        stage.wait(lambda: found.look(stage.bought) >= MEASURED_S or (until is not None and until()), what)
        self.speeds[name] = found.speed_bytes_per_s or stage.bought["speed_bytes_per_s"]

    def _sentence(self, state: str) -> str:
        """Return what the box has said last of what it does, "" before it has done that."""
        said = [str(one["sentence"]) for one in self.stage.bought["said"] if one["state"] == state]
        return said[-1] if said else ""

    def _paid(self) -> str:
        paid, earned = self.stage.bought["signed_ubtt"], self.stage.sold["earned_ubtt"]
        amounts = {"paid": format_btt(paid), "earned": format_btt(earned)}
        return _("It has paid %(paid)s BTT so far, and the seller has earned %(earned)s BTT.", amounts)

    def figures(self) -> dict[str, Any]:
        """Return what it came to; both sides' books must agree to the µBTT. Raises DemoFailed."""
        bought, sold, balances = self.stage.bought, self.stage.sold, self.stage.bought["balances"]
        figures: dict[str, Any] = {f"{name}_bytes_per_s": speed for name, speed in self.speeds.items()}
        figures |= {
            "times": round(self.speeds["paid"] / max(self.speeds["before"], 1), 2),
            "uplift": bought["uplift"],
            "spent_ubtt": bought["signed_ubtt"],
            "earned_ubtt": sold["earned_ubtt"],
            "fee_ubtt": balances["fees"],
            "sellers_account_ubtt": balances[SELLER],
            "paid_bytes": bought["accepted_bytes"],
        }
        if not figures["spent_ubtt"] == figures["earned_ubtt"] + figures["fee_ubtt"] == sold["redeemed_ubtt"]:
            raise DemoFailed(_("The books do not agree, which is a defect: %(figures)s", {"figures": str(figures)}))
        return figures
