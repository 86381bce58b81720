"""Django's `changepassword`, which here also ends the user's logins and leaves a line in the audit log."""

import getpass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.management.commands import changepassword

from seedbox.models import User
from seedbox.models.audit_entry import Act
from seedbox.services import audit, logins


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str:
        said = super().handle(*args, **options)
        user = User.objects.get(username=options["username"] or getpass.getuser())
        logins.end_all(user_id=user.pk)
        origin = audit.command_line()
        audit.record(
            Act.PASSWORD_CHANGED, origin=origin, now=datetime.now(UTC), subject=user, detail="All logins ended"
        )
        return str(said)
