"""What we ask of a new password beside Django's own checks: length and nothing else, of whatever characters."""

import re

from django.core.exceptions import ValidationError

from seedbox.models import User

SHORTEST = 12
LONGEST = 128  # longer ones would let a stranger have us hash for long


class PasswordLength:
    """Counts a run of spaces as one. Named in the settings, called by Django."""

    def validate(self, password: str, user: User | None = None) -> None:
        if len(re.sub(" +", " ", password)) < SHORTEST:
            raise ValidationError(f"This password is too short: it needs {SHORTEST} characters or more.")
        if len(password) > LONGEST:
            raise ValidationError(f"This password is too long: {LONGEST} characters are enough.")

    def get_help_text(self) -> str:
        return f"Between {SHORTEST} and {LONGEST} characters, any of them."
