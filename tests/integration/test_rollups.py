"""Sums over time are those of the transfers to the µBTT, for anybody, any period and any grouping, at any moment."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speed.services import rollups as trade_rollups
from speed.services.rollups import By
from tests.builders import NOW
from tests.emptying import undone
from tests.ledger import ASSET
from tests.rollups import HOUR, HOURS, Traders, by_step, moved
from tests.servers import PROVE
from wallet.domain.spans import Step
from wallet.services import rollups, seals

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

STEPS: tuple[Step, ...] = ("hour", "day")
KEYS: dict[By, str] = {"torrent": "torrent_key", "node": "node_name"}


class TestEverySum:
    @settings(max_examples=8 * PROVE)
    @given(seed=st.integers(0, 2**32), acts=st.integers(0, 12))
    def test_is_that_of_the_transfers(self, seed: int, acts: int) -> None:
        draw = Random(seed)
        with undone():
            traders = Traders()
            for _ in range(acts):
                traders.act(draw)
                if draw.random() < 0.3:
                    seals.seal_new(now=NOW)
                if draw.random() < 0.3:  # each goes its own way
                    rollups.catch_up(NOW, limit=draw.randint(1, 40))
                    trade_rollups.catch_up(NOW, limit=draw.randint(1, 40))
            self._compare(draw, traders)

    def _compare(self, draw: Random, traders: Traders) -> None:
        every = list(moved())
        for one in traders.users:
            since = NOW.replace(hour=0) + draw.randrange(HOURS) * HOUR
            until = since + draw.choice([0, 1, 24, 24 * 31, HOURS]) * HOUR
            for step in STEPS:
                if step == "day":
                    since, until = since.replace(hour=0), until.replace(hour=0)
                rows = [row for row in every if row.user_id == one.pk and since <= row.at < until]
                found = rollups.by_kind(one.pk, ASSET, step=step, since=since, until=until)
                assert {(row.at, row.kind): (row.in_ubtt, row.out_ubtt) for row in found} == by_step(
                    rows, step, "kind", "in_ubtt", "out_ubtt"
                )
                sums = rollups.sums(one.pk, ASSET, since=since, until=until)
                assert sums.earned_ubtt == sum(row.earned_ubtt for row in rows)
                assert sums.spent_ubtt == sum(row.spent_ubtt for row in rows)
                for by, key in KEYS.items():
                    slices = trade_rollups.series(one.pk, ASSET, step=step, by=by, since=since, until=until)
                    assert {(row.at, row.name): (row.earned_ubtt, row.spent_ubtt) for row in slices} == by_step(
                        rows, step, key, "earned_ubtt", "spent_ubtt"
                    )
