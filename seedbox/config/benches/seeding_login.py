"""A login of the box's first user, for the seeding bench. Run in the box's environment; the last line is its cookie."""

import sys

import django

django.setup()

from django.conf import settings  # noqa: E402  # Django must be set up first
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402  # as above
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402  # as above

from seedbox.models import User  # noqa: E402  # as above


def log_in() -> str:
    user = User.objects.order_by("pk")[0]
    login = SessionStore()
    login[SESSION_KEY] = str(user.pk)
    login[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    login[HASH_SESSION_KEY] = user.get_session_auth_hash()
    login.save()
    return f"{settings.SESSION_COOKIE_NAME}={login.session_key}"


if __name__ == "__main__":
    sys.stdout.write(log_in() + "\n")
