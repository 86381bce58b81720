import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from seedbox.config import settings as box_settings
from seedbox.config.readiness import web_answers
from seedbox.services import nodes


class Command(BaseCommand):
    help = "End with 0 when the web process answers, or this machine's node is well: for health checks of containers."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("process", choices=("web", "node"), nargs="?", default="web")

    def handle(self, *args: Any, process: str, **options: Any) -> None:
        environment = box_settings.ENVIRONMENT
        if process == "web":
            if not asyncio.run(web_answers(environment)):
                raise CommandError(f"web does not answer on port {environment.port}")
            return
        found = {node.name: node for node in nodes.health(timezone.now()).nodes}
        node = found.get(environment.node_name)
        if node is None or not node.is_alive or node.problem:
            raise CommandError(node.problem if node and node.problem else f"{environment.node_name} does not run")
