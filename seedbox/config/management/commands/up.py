import asyncio
import contextlib
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from seedbox.config import data_folder, ports, preparation
from seedbox.config import settings as box_settings
from seedbox.config.children import PROCESSES, child_environ, chosen, needs_shared_services
from seedbox.config.console import Console
from seedbox.config.env import ROOT, BadEnvironment, Environment
from seedbox.config.preparation import FirstAdmin
from seedbox.config.readiness import until_ready
from seedbox.config.supervisor import Child, Supervisor


class Command(BaseCommand):
    help = "Start the whole box, from redis to web, or one process of it. Ctrl-C stops it."
    # They are about our code, and CI runs them: here they would import all pages, half of what such a start costs.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only",
            choices=PROCESSES,
            help="start this process alone; PostgreSQL and Redis are shared with the others",
        )

    def handle(self, *args: Any, only: str | None, **options: Any) -> None:
        environment = box_settings.ENVIRONMENT
        try:
            if only:
                needs_shared_services(environment)
            processes = chosen(environment, only=only)
            names = {process.name for process in processes}
            data_folder.prepare(environment)
            lock = data_folder.lock(environment.data, name=f"lock.{only}" if only else "lock")
            ports.check_free(environment, names)
            if "web" in names:
                preparation.prepare_static_files()
            preparation.prepare_database()
            first_admin = preparation.make_first_admin(environment, now=timezone.now()) if "web" in names else None
        except BadEnvironment as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            sys.exit(130)
        preparation.let_go_of_database()
        sys.exit(asyncio.run(_run(environment, processes, lock, first_admin)))


async def _run(environment: Environment, processes: list[Child], lock: int, first_admin: FirstAdmin | None) -> int:
    console = Console(sys.stdout)
    supervisor = Supervisor(processes, environ=child_environ(os.environ), folder=ROOT, lock=lock, say=console.say)
    if all(process.name != "web" for process in processes):
        console.say("box", f"starting {processes[0].name} alone; the page is served by another process")
        return await supervisor.run()
    announcing = asyncio.create_task(_announce(environment, console, first_admin))
    code = await supervisor.run()
    announcing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await announcing
    return code


async def _announce(environment: Environment, console: Console, first_admin: FirstAdmin | None) -> None:
    readiness = await until_ready(environment)
    console.say("box", f"Seedbox is ready: {settings.PUBLIC_URL}")
    if not readiness.all_well:
        console.say("box", f"Not all is well yet: {settings.PUBLIC_URL}/health/ says what is missing")
    if first_admin and first_admin.kept_at:
        console.say("box", f"Sign in as {first_admin.name} with the password {first_admin.password}")
        console.say("box", f"It is shown this once, and kept in {first_admin.kept_at}")
    elif first_admin:
        console.say("box", f"Sign in as {first_admin.name} with the password from SEEDBOX_ADMIN_PASSWORD")
