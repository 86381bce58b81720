"""Many live dashboards on one web process, pages over a year of money and 10,000 torrents, and what a browser sees.

Three parts, each on a box of its own: `live` has clients that each watch twenty rows which change once a second,
`pages` times the server, and `browser` what a page weighs, shifts and holds up in a real Chromium.
"""

import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from seedbox.config.benches import dashboard_box as box
from seedbox.config.benches import dashboard_live
from seedbox.config.benches.dashboard_goals import judge
from seedbox.config.benches.ledger import postgresql

LONG_S = 600  # in which a leak shows

Say = Callable[[str], None]


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=LONG_S if os.environ.get("PROVE") else 20)
    parser.add_argument("--entries", type=int, default=1_000_000, help="of a year's money")
    parser.add_argument("--torrents", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=40, help="of each page")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite", help="behind the pages")
    parser.add_argument("--only", choices=("live", "pages", "browser"), help="one part instead of all")


def run(
    *,
    clients: int,
    seconds: int,
    entries: int,
    torrents: int,
    requests: int,
    database: str,
    only: str | None,
    say: Say,
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if only in (None, "live"):
        figures |= dashboard_live.run(clients=clients, seconds=seconds, say=say)
    if only != "live":
        sizes = [str(entries), str(torrents), str(0 if only == "browser" else requests)]
        figures |= _full_box(sizes, database, with_browser=only != "pages", say=say)
    return figures | judge(figures, say)


def _full_box(sizes: list[str], database: str, *, with_browser: bool, say: Say) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="box")))
        folder.chmod(0o755)  # PostgreSQL run by root becomes another user
        url = stack.enter_context(postgresql(folder / "pg")) if database == "postgresql" else ""
        environ = box.environment(folder / "data", wallet_network="devnet", database_url=url)
        stack.enter_context(box.broker(environ))
        say(f"filling a database ({database})")
        node = stack.enter_context(box.hand("seedbox.config.benches.dashboard_pages", environ, *sizes))
        filled = node.hear()
        figures: dict[str, Any] = filled["pages"]
        if with_browser:
            stack.enter_context(box.web(environ))
            node.tell("publish")
            say("opening pages in Chromium")
            address = f"http://localhost:{environ['SEEDBOX_PORT']}"
            browser = stack.enter_context(
                box.hand("seedbox.config.benches.dashboard_browser", environ, address, filled["cookie"])
            )
            figures |= browser.hear()
    return figures
