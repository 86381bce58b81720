"""The way back in for somebody whose second factors are lost, and for an admin whom nobody else can help."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from seedbox.models import User
from seedbox.models.install import FactorRule
from seedbox.services import audit, factors


class Command(BaseCommand):
    help = "List who has a second factor, take away a user's, or say who must have one."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="say who has a second factor")
        reset = verbs.add_parser("reset", help="take away all second factors of a user, and end the logins")
        reset.add_argument("user")
        rule = verbs.add_parser("rule", help="say who must have a second factor")
        rule.add_argument("who", choices=FactorRule.values)

    def handle(self, *, verb: str, **options: Any) -> None:
        now = datetime.now(UTC)
        if verb == "list":
            with_one = factors.users_with_one()
            for user in User.objects.order_by("username"):
                self.stdout.write(f"{user.username}  {'has a second factor' if user.pk in with_one else 'has none'}")
        elif verb == "reset":
            self._reset(options["user"], now)
        else:
            wanted = FactorRule(options["who"])
            factors.set_rule(wanted=wanted, origin=audit.command_line(), now=now)
            self.stdout.write(f"Second factors are required of: {wanted.label.lower()}.")

    def _reset(self, name: str, now: datetime) -> None:
        user = User.objects.filter(username__iexact=name).first()
        if user is None:
            raise CommandError(f"There is no user {name!r}.")
        factors.reset(user_id=user.pk, origin=audit.command_line(), now=now)
        self.stdout.write(f"{user.username} signs in with the password alone now, and is signed out everywhere.")
