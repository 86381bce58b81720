"""`kill -9` of wallet worker, signer and devnet at random moments: everybody is paid once, and nothing is lost."""

import json
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from tests.box import ROOT
from tests.exchange_kills import VICTIMS
from tests.servers import PROVE

KILLS = min(9 * PROVE, 300)
LIMIT_S = 300 * PROVE  # far more than it takes; a busy machine is no fault
NAME = "exchange_storm"


@pytest.fixture(params=["postgresql", "sqlite"][: min(PROVE, 2)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database: one on this run's server, or that of a file."""
    if request.param == "sqlite":
        yield ""
        return
    parts = connection.settings_dict
    host = parts["OPTIONS"].get("host") or parts["HOST"]
    server = {"host": host, "port": parts["PORT"] or None, "user": parts["USER"], "dbname": "postgres"}
    with psycopg.connect(**server, autocommit=True) as administrator:
        administrator.execute(f"CREATE DATABASE {NAME}")
        try:
            yield f"postgresql://{parts['USER']}:@/{NAME}?host={host}"
        finally:
            administrator.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.mark.timeout(LIMIT_S + 10)
class TestAnExchangeUnderFire:
    def test_pays_everybody_once_and_loses_nothing(self, database_url: str) -> None:
        command = [sys.executable, "-m", "tests.exchange_storm", "--kills", str(KILLS), "--database-url", database_url]
        storm = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert storm.stdout, storm.stderr
        figures = json.loads(storm.stdout.splitlines()[-1])
        assert figures["problems"] == []
        assert storm.returncode == 0, storm.stderr
        done = figures["done"]
        assert min(done[f"kills of {name}"] for name in VICTIMS) >= KILLS // 3
        assert figures["paid"] == figures["withdrawals"]["final"]
        assert sum(figures["withdrawals"].values()) == done["asked"] > 0
