"""Who can approve a large withdrawal: any admin but whoever asked for it."""

from enum import Enum

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_noop


class Approver(Enum):
    """Its value says who, for the user who asks."""

    AN_ADMIN = gettext_noop("an admin")
    ANOTHER_ADMIN = gettext_noop("another admin")
    NOBODY = gettext_noop("nobody")


def approver_for(user_id: int) -> Approver:
    """Return who can approve what this user withdraws."""
    admins = get_user_model().objects.filter(is_active=True, **settings.WALLET_ADMINS)
    others = admins.exclude(pk=user_id).exists()
    if not others:
        return Approver.NOBODY
    return Approver.ANOTHER_ADMIN if admins.filter(pk=user_id).exists() else Approver.AN_ADMIN
