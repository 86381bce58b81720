"""What we ask of a new password beside Django's own checks: length and nothing else, of whatever characters."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from seedbox.models import User

SHORTEST = 12
LONGEST = 128  # longer ones would let a stranger have us hash for long


class PasswordLength:
    """Counts a run of spaces as one. Named in the settings, called by Django."""

    def validate(self, password: str, user: User | None = None) -> None:
        if len(re.sub(" +", " ", password)) < SHORTEST:
            raise ValidationError(
                _("This password is too short: it needs %(shortest)s characters or more.") % {"shortest": SHORTEST}
            )
        if len(password) > LONGEST:
            raise ValidationError(
                _("This password is too long: %(longest)s characters are enough.") % {"longest": LONGEST}
            )

    def get_help_text(self) -> str:
        return _("Between %(shortest)s and %(longest)s characters, any of them.") % {
            "shortest": SHORTEST,
            "longest": LONGEST,
        }
