"""Tell how the box's nodes are."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from seedbox.domain.units import format_bytes, format_duration
from seedbox.services import nodes


class Command(BaseCommand):
    help = "List the nodes: whether they live, where they keep torrents, and what is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, json: bool, **options: Any) -> None:
        health = nodes.health(datetime.now(UTC))
        if json:
            self.stdout.write(as_json(health.nodes))
            return
        for node in health.nodes:
            beat = "never" if node.beat_age_s is None else f"{format_duration(node.beat_age_s)} ago"
            self.stdout.write(
                f"{node.name}  {'alive' if node.is_alive else 'dead'}, last beat {beat}, torrents: {node.torrents} in "
                f"{node.folder}, {format_bytes(node.free_bytes)} free  {node.problem}".rstrip()
            )


def as_json(found: tuple[nodes.NodeHealth, ...]) -> str:
    return json.dumps([dataclasses.asdict(node) for node in found], cls=DjangoJSONEncoder, indent=2)
