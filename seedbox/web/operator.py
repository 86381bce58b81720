"""The operator's page: how the machines, the people and the money are, for admins."""

from collections.abc import Sequence
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from seedbox.models import User
from seedbox.models.user import Role
from seedbox.services import again, numerals, readers
from seedbox.services.kept import KeptEach
from seedbox.services.watchables import Message
from seedbox.web import operator_sections
from seedbox.web.doors import for_admins
from seedbox.web.operator_sections import Filled

WATCHED = "operator"  # what the page watches; nobody tells when it changes: it is read again
EVERY_S = 3.0  # as often as nodes beat
GLANCE = "operator-glance"


@require_GET
@for_admins
@never_cache
def operator(request: HttpRequest) -> HttpResponse:
    filled = operator_sections.fill(timezone.now())
    return render(request, "seedbox/operator.html", {"sections": filled, "glances": _glances(filled), "nothing": {}})


def messages(user_id: int) -> Sequence[Message]:
    """Return how everything stands, as messages of the live socket; nothing for anybody but admins."""
    if not User.objects.filter(pk=user_id, is_active=True, role=Role.ADMIN).exists():
        return []
    return told.value()


def follow(user_id: int) -> Sequence[Message]:
    """Return the messages, and let the page read them again soon for as long as somebody looks."""
    found = messages(user_id)
    if found:
        again.tell_later(WATCHED, user_id, pause_s=EVERY_S)
    return found


def _tell() -> list[Message]:
    filled = operator_sections.fill(datetime.now(UTC))
    lists = [{"type": "list", "list": one.section.list_name, "rows": _by_name(one.rows)} for one in filled]
    return [{"type": "list", "list": GLANCE, "rows": _by_name(_glances(filled))}, *lists]


def _glances(filled: Sequence[Filled]) -> list[operator_sections.Row]:
    return [one.glance for one in filled if one.glance is not None]


def _by_name(rows: Sequence[operator_sections.Row]) -> dict[str, operator_sections.Row]:
    return {str(row["row"]): row for row in rows}


def _way() -> tuple[tuple[str, str], str]:
    """Return how is being written: there are five ways to write numbers, in each language of the box."""
    return numerals.signs(), readers.spoken()


# Several admins who read the same, or several pages of one, cost no more than one.
told = KeptEach(_tell, way=_way, for_s=EVERY_S / 2)
