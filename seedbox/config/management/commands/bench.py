import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from seedbox.config.benches import files, seeding
from seedbox.config.benches.files import BenchFailed

BENCHES = {"files": files, "seeding": seeding}


class Command(BaseCommand):
    help = "Measure the box. Progress goes to stderr; the last line of stdout is one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        names = parser.add_subparsers(dest="name", required=True)
        for name, bench in BENCHES.items():
            bench.add_arguments(names.add_parser(name, help=(bench.__doc__ or "").splitlines()[0]))

    def handle(self, *, name: str, size_mib: int, rounds: int, **options: Any) -> None:
        try:
            figures = BENCHES[name].run(size_mib=size_mib, rounds=rounds, say=self.stderr.write)
        except BenchFailed as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(json.dumps(figures))
