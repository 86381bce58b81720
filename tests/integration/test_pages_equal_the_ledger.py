"""What overview, earnings and history show, for users and periods that are drawn, is what transfers add up to.

Only what the pages say is read, and only rows of transfers are added up: both in the plainest way.
"""

import csv
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbox.models import User
from speed.domain.earnings import Period, span_of
from tests.builders import NOW
from tests.emptying import undone
from tests.ledger import ASSET, BTT, CHAIN, transfer, user
from tests.rollups import Moved, Traders, moved
from tests.servers import PROVE
from wallet.domain.kinds import TransferKind
from wallet.models import Transfer
from wallet.services import ledger

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

DAYS_BACK = 45
MINUS = "\N{MINUS SIGN}"
PERIODS = [each for each in Period if each is not Period.HOUR]  # these books are written long after what they tell
SIDES = {"earned": (1, 0), "spent": (0, 1), "net": (1, -1)}
TIP_KIND, DEPOSIT_KIND = TransferKind.TIP, TransferKind.DEPOSIT
ROW = re.compile(r'<tr role="row" class="(entry|day)"(.*?)</tr>', re.DOTALL)
DAY = re.compile(r'data-day="day-(\d{4}-\d\d-\d\d)')
CELL = re.compile(r'data-cell="(\w+)"[^>]*>([^<]*)<')


def ubtt(text: str) -> int:
    """Read an amount as people do."""
    sign = -1 if text.startswith((MINUS, "-")) else 1
    whole, _, part = text.lstrip(f"+-{MINUS}").replace(",", "").partition(".")
    return sign * (int(whole or 0) * BTT + int(part.ljust(6, "0")))


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_of(client: Client, name: str, **query: str) -> str:
    answer = client.get(reverse(name), query)
    assert answer.status_code == 200
    return re.sub(r"<template.*?</template>", "", answer.content.decode(), flags=re.DOTALL)


def figures(page: str, attribute: str = "data-cell") -> dict[str, int]:
    found = re.findall(rf'{attribute}="(\w+)"[^>]*>([+{MINUS}-]?[\d,]+(?:\.\d+)?)<', page)
    return {name: ubtt(text) for name, text in found}


def traded(rows: list[Moved], since: datetime, until: datetime) -> tuple[int, int]:
    inside = [row for row in rows if since <= row.at < until]
    return sum(row.earned_ubtt for row in inside), sum(row.spent_ubtt for row in inside)


class TestOverviewAndEarnings:
    @settings(max_examples=5 * PROVE)
    @given(seed=st.integers(0, 2**32), acts=st.integers(0, 12))
    def test_say_what_transfers_add_up_to_for_any_user_and_period(self, seed: int, acts: int) -> None:
        draw = Random(seed)
        with undone():
            traders = Traders()
            for _ in range(acts):
                traders.act(draw, since=timezone.now() - timedelta(days=DAYS_BACK), hours=24 * DAYS_BACK - 2)
            every = list(moved())
            for one in traders.users:
                client, mine = client_of(one), [row for row in every if row.user_id == one.pk]
                period, by = draw.choice(PERIODS), draw.choice(["torrent", "node", "kind"])
                self.compare_overview(client, mine)
                self.compare_earnings(client, mine, period, by, draw)

    def compare_overview(self, client: Client, mine: list[Moved]) -> None:
        before = timezone.now()
        shown = figures(page_of(client, "overview"))
        assert shown["available"] + shown["held"] == sum(row.in_ubtt - row.out_ubtt for row in own_moves(mine))
        assert self.sums_of(shown) in [self.wanted_sums(mine, now) for now in (before, timezone.now())]

    def sums_of(self, shown: dict[str, int]) -> dict[str, int]:
        return {name: amount for name, amount in shown.items() if name.startswith(("today_", "month_"))}

    def wanted_sums(self, mine: list[Moved], now: datetime) -> dict[str, int]:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        wanted: dict[str, int] = {}
        for name, since in (("today", today), ("month", today.replace(day=1))):
            earned, spent = traded(mine, since, today + timedelta(days=1))
            wanted |= {f"{name}_earned": earned, f"{name}_spent": spent, f"{name}_net": earned - spent}
        return wanted

    def compare_earnings(self, client: Client, mine: list[Moved], period: Period, by: str, draw: Random) -> None:
        side = draw.choice([*SIDES])
        asked = {"period": period, "by": by, "side": side}
        before = timezone.now()
        shown = figures(page_of(client, "earnings", **asked), "data-sum")
        lines = list(csv.reader(page_of(client, "earnings_csv", **asked).splitlines()))
        in_file = sum(ubtt(line[-1]) for line in lines[1:])
        sums_possible, in_file_possible = [], []  # midnight, or the end of an hour, may lie before any of the answers
        for now in (before, timezone.now()):
            first_at = min((row.at for row in mine if row.earned_ubtt or row.spent_ubtt), default=None)
            span = span_of(period, first_at=first_at, now=now)
            earned, spent = traded(mine, span.since, span.until)
            times_earned, times_spent = SIDES[side]
            sums_possible.append({"earned": earned, "spent": spent, "net": earned - spent})
            in_file_possible.append(times_earned * earned + times_spent * spent)
        assert shown in sums_possible
        assert in_file in in_file_possible


def own_moves(mine: list[Moved]) -> list[Moved]:
    """Leave out what left a channel: it had left its payer's account before."""
    return [row for row in mine if row.in_ubtt or row.kind not in (TransferKind.VOUCHER, TransferKind.FEE)]


MOVES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 3 * BTT), st.booleans()), min_size=40, max_size=70
)  # hours after the one before, µBTT, whether it comes


class TestTheHistory:
    @settings(max_examples=3 * PROVE)
    @given(moves=MOVES, days=st.tuples(st.integers(0, 60), st.integers(0, 60)), kind=st.sampled_from(["", "tip"]))
    def test_has_every_transfer_once_with_its_balance_below_the_sums_of_its_day(
        self, moves: list[tuple[int, int, bool]], days: tuple[int, int], kind: str
    ) -> None:
        with undone():
            reader, other = (User.objects.create(username=name) for name in ("reader", "other"))
            self.move(reader, other, moves)
            truth = self.truth(reader)
            assert self.read(client_of(reader), {}) == self.as_shown(truth)
            first, last = (NOW.date() + timedelta(days=number) for number in sorted(days))
            inside = [row for row in truth if first <= row[0] <= last and (not kind or row[1] == TIP_KIND)]
            asked = {"from": first.isoformat(), "to": last.isoformat(), "kind": kind}
            assert self.read(client_of(reader), asked) == self.as_shown(inside)

    def move(self, reader: User, other: User, moves: list[tuple[int, int, bool]]) -> None:
        at = NOW
        for hours, amount_ubtt, comes in [(0, 1_000 * BTT, True), *moves]:
            at += timedelta(hours=hours)
            sides = (CHAIN, user(reader.pk)) if comes else (user(reader.pk), user(other.pk))
            item = transfer(*sides, amount_ubtt, kind=DEPOSIT_KIND if comes else TIP_KIND, event_at=at)
            assert ledger.post_one(item, now=at).is_done

    def truth(self, reader: User) -> list[tuple[date, int, int, int]]:
        """Return day, kind, what came or went and what there was then, the oldest first."""
        mine = {"asset": ASSET, "kind": user(reader.pk).kind, "ref": user(reader.pk).ref}
        debit, credit = ({f"{side}__{name}": value for name, value in mine.items()} for side in ("debit", "credit"))
        balance_ubtt, rows = 0, []
        for row in Transfer.objects.filter(Q(**debit) | Q(**credit)).select_related("credit").order_by("pk"):
            came = row.amount_ubtt if row.credit.ref == user(reader.pk).ref else -row.amount_ubtt
            balance_ubtt += came
            rows.append((row.written_at.astimezone(UTC).date(), row.kind, came, balance_ubtt))
        return rows

    def as_shown(self, truth: list[tuple[date, int, int, int]]) -> list[tuple[str, int, int]]:
        """Return day by day, the newest first, its sums and then its entries."""
        days: dict[date, list[tuple[int, int]]] = defaultdict(list)
        for day, _, came, balance_ubtt in reversed(truth):
            days[day].append((came, balance_ubtt))
        shown = []
        for day, entries in days.items():
            amounts = [came for came, _ in entries]
            shown.append(
                (day.isoformat(), sum(max(came, 0) for came in amounts), -sum(min(came, 0) for came in amounts))
            )
            shown += [("entry", came, balance_ubtt) for came, balance_ubtt in entries]
        return shown

    def read(self, client: Client, asked: dict[str, str]) -> list[tuple[str, int, int]]:
        """Read all pages of the history, and say each day's heading once."""
        shown: list[tuple[str, int, int]] = []
        before = ""
        while True:
            page = page_of(client, "money", **asked, **({"before": before} if before else {}))
            for name, body in ROW.findall(page):
                cells = dict(CELL.findall(body))
                if name == "entry":
                    shown.append(("entry", ubtt(cells["amount"]), ubtt(cells["balance"])))
                else:
                    day = (DAY.findall(body)[0], ubtt(cells["came"]), -ubtt(cells["went"]))
                    shown += [] if day in shown else [day]
            older = re.search(r'id="history-older"[^>]*[?;]before=(\d+)', page)
            if not older:
                return shown
            before = older[1]
