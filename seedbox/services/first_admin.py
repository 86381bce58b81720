"""The first person on a new box."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from seedbox.models import Install, User
from seedbox.models.user import Role


class BadFirstAdmin(Exception):
    """What is wrong with the first admin's name or password."""


def is_needed() -> bool:
    return not User.objects.exists()


def create(*, name: str, password: str, now: datetime) -> bool:
    """Make the first admin unless there is a user already; of two boxes doing so at once, one gets False.

    Raises BadFirstAdmin.
    """
    user = User(username=name.lower(), role=Role.ADMIN, date_joined=now)  # sign-in ignores case by small letters
    user.set_password(password)
    try:
        user.clean_fields()
        validate_password(password, user)
    except ValidationError as problem:
        raise BadFirstAdmin(" ".join(problem.messages)) from None
    with transaction.atomic():
        Install.objects.get_or_create(id=1)
        Install.objects.select_for_update().get(id=1)  # on SQLite the transaction itself is the lock
        if not is_needed():
            return False
        user.save(force_insert=True)
    return True
