"""A box with something of everything on it, for the pictures: torrents in several states, and visitors of each kind."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import libtorrent as lt
from playwright.sync_api import Page, expect

from seedbox.config.demo.screen import PARTS
from seedbox.config.demo.story import DONE, Line, Speeds, Story
from tests.builders import make_content, make_torrent_file
from tests.e2e import steps
from tests.e2e.browser import DESKTOP, open_page
from tests.e2e.gallery import VISITORS, Shot
from tests.factors import fresh_code
from tests.insider import Insider
from tests.payer import Payment
from tests.peer import Peer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.box import Box

MIB = 1024 * 1024
SLOW_BYTES_PER_S = 32 * 1024  # a download that still goes on when the last picture is taken
WHOLE, SLOW, BROKEN = "Sintel (2010) 1080p", "debian-13.1.0-amd64-netinst.iso", "Big Buck Bunny 2160p.mkv"
UNKNOWN = "magnet:?xt=urn:btih:" + "5a" * 20 + "&dn=Cosmos%20Laundromat"
LONG_MEMO = "And the rest of it, with a memo that is about as long as one may be, so that it has to wrap on every phone"
NOT_FOUND = "status of 404"  # some of these pages say so
MARKET_FILLERS = ("tests.market_rows", "tests.auto_rows")  # of the box's own database, in this order


class Scene:
    """Puts everything in place when it is made; `open` leads a visitor to a page."""

    def __init__(self, box: "Box", browser: "Browser", folder: Path, cleanup: ExitStack) -> None:
        self._box = box
        self._insider = cleanup.enter_context(Insider(box))
        self._words: dict[str, object] = {}
        self._pages: dict[str, Page] = {
            who: cleanup.enter_context(open_page(browser, box.url, DESKTOP, expected=NOT_FOUND)) for who in VISITORS
        }
        self._add_torrents(folder, cleanup)
        self._sign_in()
        self._ask_for_factors()
        self._pay()
        self._operate()
        self._withdraw()
        self._trade()
        self._play()

    def _add_torrents(self, folder: Path, cleanup: ExitStack) -> None:
        make_content(folder, {f"{WHOLE}/film.mkv": 3 * MIB, f"{WHOLE}/subtitles/Français.srt": 90_000}, seed=1)
        make_content(folder, {SLOW: 8 * MIB, BROKEN: MIB}, seed=2)
        files = {name: folder / f"{name}.torrent" for name in (WHOLE, SLOW, BROKEN)}
        for name, path in files.items():
            path.write_bytes(make_torrent_file(folder / name, piece_size_bytes=65_536))
        in_the_way = self._box.data / "downloads" / str(lt.torrent_info(str(files[BROKEN])).info_hash())
        in_the_way.write_text("a file where the folder should be")
        whole, slow = (files[name].read_bytes() for name in (WHOLE, SLOW))
        seed = cleanup.enter_context(Peer(whole, folder, address="127.0.38.1"))
        slow_seed = cleanup.enter_context(Peer(slow, folder, address="127.0.38.2", up_bytes_per_s=SLOW_BYTES_PER_S))
        peers = ["--peer", seed.endpoint, "--peer", slow_seed.endpoint]
        added = self._box.manage("torrents", "add", *map(str, files.values()), UNKNOWN, *peers, "--json")
        assert added.returncode == 0, added.stderr
        for row, word in zip(json.loads(added.stdout), ("torrent", "slow", "broken", "magnet"), strict=True):
            self._words[word] = row["id"]

    def _sign_in(self) -> None:
        admin = self._pages["admin"]
        steps.sign_in(admin, self._box.admin_user, self._box.admin_password)
        steps.sign_up(self._pages["newcomer"], steps.invite(admin), "mia")
        self._words["invitation"] = steps.invite(admin).rstrip("/").rpartition("/")[2]

    def _ask_for_factors(self) -> None:
        """Let the admin have second factors and ask other admins for one, and stop somebody halfway at sign-in."""
        admin, asked, halfway = (self._pages[who] for who in ("admin", "asked", "halfway"))
        secret = set_up_app(admin)
        assert secret
        admin.goto("/people/")
        admin.get_by_label("Required of").select_option("admins")
        admin.get_by_role("button", name="Save").click()
        self._sign_up_admin(asked, steps.invite(admin, role="Admin"))
        halfway.goto("/")
        halfway.get_by_label("Username").fill(self._box.admin_user)
        halfway.get_by_label("Password", exact=True).fill(self._box.admin_password)
        halfway.get_by_role("button", name="Sign in", exact=True).click()
        expect(halfway.get_by_role("heading", name="One more step")).to_be_visible()

    def _pay(self) -> None:
        """Let some money have come and gone."""
        admin = self._box.admin_user
        paid = self._insider.pay(
            Payment("chain", admin, "12500", "DEPOSIT"),
            Payment(admin, "ben", "25", "TIP", "Thanks for the subtitles!"),
            Payment(admin, "channel", "1000", "CHANNEL_OPENED"),
            Payment("channel", admin, "412.037551", "CHANNEL_CLOSED"),
            Payment(admin, "", "320.5"),
            Payment("ben", admin, "24.25", "TIP", LONG_MEMO),
            Payment("ben", admin, "0.75", "TIP", "Half a coffee"),
        )
        self._words["entry"] = paid[-1]
        self._words["deposit"] = paid[0]
        self._words["came"] = self._insider.deposit_behind(paid[0])

    def _operate(self) -> None:
        """Let a tip have been sent by its page, and operators have acted on several accounts."""
        admin = self._pages["admin"]
        self._insider.pay(Payment("chain", "treasury", "2000000", "DEPOSIT"))
        steps.tip(admin, "ben", "1,200.25", memo="thank you \N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}")
        steps.operate(admin, "grant", {"To": "ben", "Amount": "50,000"}, reason="seeded the whole archive for a month")
        self._words["account"] = admin.url.rstrip("/").rpartition("/")[2]
        steps.operate(admin, "grant", {"To": self._box.admin_user, "Amount": "75"}, reason="paid for the new disk")
        steps.operate(admin, "freeze", {"Account": "ben"}, reason="somebody else has signed in as ben: ask an admin")
        admin.goto("/books/")
        admin.get_by_role("button", name="Count what is owed now").click()
        expect(admin.get_by_text("is owed to all users.")).to_be_visible()

    def _withdraw(self) -> None:
        """Let withdrawals have been asked for, which wait for a halt to be lifted; the next one can be paid, too."""
        admin = self._box.admin_user
        self._words["withdrawal"] = self._insider.ask_to_withdraw(admin, "1250.5")
        self._insider.pay(Payment("chain", admin, "30000000", "DEPOSIT"))
        self._words["checked"] = self._insider.ask_to_withdraw(admin, "26000000")
        self._words["halt"] = self._insider.halt("ada: the disk of the signer makes noises")
        given = self._box.manage("wallet", "faucet")
        assert given.returncode == 0, given.stderr

    def _trade(self) -> None:
        """Let the box have sold and bought."""
        asks = [f"from {module} import fill; fill({WHOLE!r}, {SLOW!r})" for module in MARKET_FILLERS]
        asks.append(f"from tests.auto_story import fill; fill({BROKEN!r})")
        self._words |= json.loads(self._insider.run("; ".join(asks)).split("filled:")[1])

    def run(self, program: str) -> str:
        """Run a line of Python on the box, in a process of its own, and return what it prints."""
        done = self._box.manage("shell", "-c", program)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def _play(self) -> None:
        """Let a demo have been seen."""
        story = Story(state=DONE)
        autos = ["fast_enough"] * 40 + ["bidding"] * 40 + ["control"] * 20 + ["bidding"] * 20 + ["stopped"] * 10
        for at_s, auto in enumerate(autos):
            buyer, others = (750, 70) if auto == "bidding" else (240, 250)
            story.note(Speeds(at_s, buyer * 1024, others * 1024, auto, 3_000 * at_s))
        story.lines = [Line(0, "Two boxes start."), Line(41, "The buyer gets 768 KiB/s, 3.0 times as much.")]
        story.figures = {f"{part}_bytes_per_s": 250_000 for part in PARTS}
        story.figures |= {"uplift": "not known yet: 1 of 6 unpaid blocks measured"}
        story.figures |= {"spent_ubtt": 344_238, "earned_ubtt": 340_796, "fee_ubtt": 3_442}
        folder = self._box.data / "demo"
        folder.mkdir()
        (folder / "story.json").write_text(json.dumps(story.as_dict()))

    def _sign_up_admin(self, page: Page, link: str) -> None:
        steps.fill_sign_up(page, link, "ben")
        expect(page.get_by_role("heading", name="This box asks for a second factor")).to_be_visible()

    def open(self, shot: Shot) -> Page:
        page = self._pages[shot.who]
        page.goto(shot.address.format(**self._words))
        shot.ready(page)
        return page


def set_up_app(page: Page) -> str:
    """Set up an authenticator app for who is signed in, and return its secret."""
    page.goto("/accounts/2fa/app/add/")
    secret = page.locator("#secret").inner_text()
    page.get_by_label("Authenticator code").fill(fresh_code(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    return secret
