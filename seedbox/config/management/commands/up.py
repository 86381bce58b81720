import asyncio
import contextlib
import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from seedbox.config import data_folder, ports, preparation
from seedbox.config import settings as box_settings
from seedbox.config.children import child_environ, children
from seedbox.config.console import Console
from seedbox.config.env import ROOT, BadEnvironment, Environment
from seedbox.config.preparation import FirstAdmin
from seedbox.config.readiness import until_ready
from seedbox.config.supervisor import Supervisor


class Command(BaseCommand):
    help = "Start the whole box: redis, node, wallet and web. Ctrl-C stops it."

    def handle(self, *args: Any, **options: Any) -> None:
        environment = box_settings.ENVIRONMENT
        try:
            data_folder.prepare(environment)
            lock = data_folder.lock(environment.data)
            ports.check_free(environment)
            preparation.prepare_static_files()
            preparation.prepare_database()
            first_admin = preparation.make_first_admin(environment, now=timezone.now())
        except BadEnvironment as problem:
            raise CommandError(str(problem)) from None
        except KeyboardInterrupt:
            sys.exit(130)
        preparation.let_go_of_database()
        sys.exit(asyncio.run(_run(environment, lock, first_admin)))


async def _run(environment: Environment, lock: int, first_admin: FirstAdmin | None) -> int:
    console = Console(sys.stdout)
    supervisor = Supervisor(
        children(environment), environ=child_environ(os.environ), folder=ROOT, lock=lock, say=console.say
    )
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
