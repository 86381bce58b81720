import json
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from seedbox.config.benches import (
    actions,
    autobid,
    chain,
    chaos,
    dashboard,
    files,
    fuzz,
    ledger,
    market,
    seeding,
    vouchers,
)
from seedbox.config.benches.files import BenchFailed

BENCHES: dict[str, ModuleType] = {
    "actions": actions,
    "autobid": autobid,
    "chain": chain,
    "chaos": chaos,
    "dashboard": dashboard,
    "files": files,
    "fuzz": fuzz,
    "ledger": ledger,
    "market": market,
    "seeding": seeding,
    "vouchers": vouchers,
}
# A bench's `run` takes those that its `add_arguments` offers.
_OPTIONS = (
    "size_mib",
    "rounds",
    "inputs",
    "seed",
    "kills",
    "hangs",
    "storms",
    "transfers",
    "only",
    "quick",
    "peers",
    "seconds",
    "transactions",
    "blocks",
    "withdrawals",
    "markets",
    "clients",
    "entries",
    "torrents",
    "requests",
    "database",
)


class Command(BaseCommand):
    help = "Measure the box. Progress goes to stderr; the last line of stdout is one JSON object."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        names = parser.add_subparsers(dest="name", required=True)
        for name, bench in BENCHES.items():
            bench.add_arguments(names.add_parser(name, help=(bench.__doc__ or "").splitlines()[0]))

    def handle(self, *, name: str, **options: Any) -> None:
        wanted = {option: options[option] for option in _OPTIONS if option in options}
        try:
            figures = BENCHES[name].run(**wanted, say=self.stderr.write)
        except BenchFailed as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(json.dumps(figures))
