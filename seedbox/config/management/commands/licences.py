from typing import Any

from django.core.management.base import BaseCommand, CommandError

from seedbox.config.licences import licences


class Command(BaseCommand):
    help = "List every package in use with its licence; end with 1 when one does not go with ours."

    def handle(self, *args: Any, **options: Any) -> None:
        found = licences()
        for package in found:
            self.stdout.write(f"{package.licence:<14} {package.kind:<7} {package.name} {package.version}")
        strange = [package for package in found if not package.goes_with_ours]
        if strange:
            names = ", ".join(f"{package.name} ({package.licence})" for package in strange)
            raise CommandError(f"these do not go with Apache-2.0, or nobody has read them yet: {names}")
