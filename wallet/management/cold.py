"""The verb `cold` of the command `wallet`: which addresses, whose keys are kept elsewhere, count as ours."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime

from wallet import wiring
from wallet.services import cold_addresses
from wallet.services.cold_addresses import ColdAddress


def add_arguments(parser: ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True)
    adds = acts.add_parser("add", help="watch an empty address of yours, and count what comes to it")
    removes = acts.add_parser("remove", help="watch it no longer; it must be empty")
    lists = acts.add_parser("list", help="say which there are, and what is on them")
    for one in (adds, removes):
        one.add_argument("address", metavar="ADDRESS", help="T…")
    for one in (adds, removes, lists):
        one.add_argument("--json", action="store_true", help="print JSON")


def run(*, act: str, address: str | None, as_json: bool, say: Callable[[str], None]) -> None:
    """Do it, and say which there are then. Raises Refused."""
    now = datetime.now(UTC)
    if act == "add":
        cold_addresses.add(wiring.chain(), address or "", now=now)
    elif act == "remove":
        cold_addresses.remove(wiring.chain(), address or "", now=now)
    found = cold_addresses.listed()
    if as_json:
        say(json.dumps([_as_json(one) for one in found]))
        return
    for one in found:
        held = ", ".join(f"{amount} {unit}" for unit, amount in one.held.items())
        say(f"{one.address}: {held}, since {one.made_at:%Y-%m-%d}")
    if not found:
        say("No cold addresses.")


def _as_json(one: ColdAddress) -> dict[str, object]:
    units = {asset.name.lower(): str(amount) for asset, amount in one.units.items()}
    return {"address": one.address, "made_at": one.made_at.isoformat(), "units": units}
