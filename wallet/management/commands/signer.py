"""Run the signer, the only process that holds keys of the chain."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from wallet.management.signer_setting import signer_setting
from wallet.signer import process
from wallet.signer.founding import KeysExist
from wallet.signer.key_files import BadKeyFile
from wallet.signer.server import Busy


class Command(BaseCommand):
    help = "Run the signer, the only process that holds keys of the chain; Ctrl-C stops it."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        setting = signer_setting()
        try:
            process.run(setting, say=self._say)
        except (Busy, BadKeyFile, KeysExist, OSError) as problem:
            raise CommandError(f"{settings.SIGNER_FOLDER}: {problem}") from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
