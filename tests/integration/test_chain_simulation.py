"""Withdrawals and deposits under every fault, in small: `manage.py bench chain` does thousands."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from seedbox.config.benches.chain_simulation import Simulation
from tests.servers import PROVE

WITHDRAWALS, USERS = 25, 6


@pytest.mark.usefixtures("committed_books")
class TestASimulation:
    @pytest.mark.parametrize("seed", range(1, 1 + PROVE))
    def test_ends_with_every_unit_where_it_belongs(self, seed: int, tmp_path: Path, settings: Settings) -> None:
        settings.WALLET_ASSET = ("trc20", "trc10")[seed % 2]
        said: list[str] = []
        verdict = Simulation(tmp_path, seed=seed, wanted=WITHDRAWALS, users=USERS, say=said.append).run()
        assert verdict.wrongs == []
        assert verdict.withdrawals == WITHDRAWALS
        assert verdict.paid > 0 and verdict.deposits > 0
