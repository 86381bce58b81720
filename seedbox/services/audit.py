"""The audit log: who did what, when and from where. Services write it in the transaction of what they change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import translation

from seedbox.domain.kept import told
from seedbox.domain.numerals import PLAIN
from seedbox.models import AuditEntry, User
from seedbox.models.audit_entry import COMMAND_LINE, Act
from seedbox.services import numerals

MAX_NAME_CHARS = 150
MAX_AGENT_CHARS = 200
MAX_DETAIL_CHARS = 300
PAGE_LINES = 50

KEPT_FOR = timedelta(days=400)
MAX_LINES = 100_000
MAX_FAILURES = 20_000  # counted apart: a guesser must not be able to push the rest out of the log
_TIDIED_AT_ONCE = 1_000  # lines; a sign-in must not wait for more


@dataclass(frozen=True)
class Origin:
    """Who acts, and from where."""

    actor: User | None  # None: nobody is signed in, or the command line
    address: str = ""  # IP address of the browser, "" on the command line
    agent: str = ""  # what the browser calls itself
    name: str = ""  # of an actor without a user: the name that was tried, or "command line"


def record(act: Act, *, origin: Origin, now: datetime, subject: User | None = None, detail: str = "") -> None:
    """Add a line; `subject` is whose account it concerns, the actor's own unless given. Long texts are cut.

    The detail is a kept sentence: everybody reads it in a language of their own.
    """
    actor_name = origin.actor.username if origin.actor else origin.name
    concerned = subject or origin.actor
    AuditEntry.objects.create(
        at=now,
        act=act,
        actor=origin.actor,
        actor_name=_plain(actor_name)[:MAX_NAME_CHARS],
        subject=concerned,
        subject_name=concerned.username if concerned else "",
        address=origin.address,
        agent=_plain(origin.agent)[:MAX_AGENT_CHARS],
        detail=_fitting(_plain(detail)),
    )


def record_setting(detail: str, *, origin: Origin, now: datetime) -> None:
    """Add a line about a setting that somebody has changed, in the words of whoever keeps it."""
    record(Act.SETTING_CHANGED, origin=origin, now=now, detail=detail)


@dataclass(frozen=True)
class Page:
    """A part of the log, newest first."""

    lines: Sequence[AuditEntry]
    before: int | None  # where the next, older page begins; None: there is none


def command_line() -> Origin:
    """Return the origin of what somebody does on the machine itself."""
    return Origin(actor=None, name=COMMAND_LINE)


def read_own(user: User, *, before: int | None = None, limit: int = PAGE_LINES) -> Page:
    """Return what concerns a user's own account."""
    return _page(AuditEntry.objects.filter(subject=user), before, limit)


def read_all(*, person: str = "", act: str = "", before: int | None = None, limit: int = PAGE_LINES) -> Page:
    """Return everybody's lines; `person` is the whole name of who acted or whom it concerned."""
    lines = AuditEntry.objects.all()
    if person:
        lines = lines.filter(Q(actor_name__iexact=person) | Q(subject_name__iexact=person))
    if act:
        lines = lines.filter(act=act)
    return _page(lines, before, limit)


def tidy(now: datetime) -> None:
    """Delete a handful of lines that are too old or too many. Called with every sign-in, which adds one."""
    failures = Q(act=Act.SIGN_IN_FAILED)
    old = AuditEntry.objects.filter(at__lt=now - KEPT_FOR).order_by("at")
    _delete(old[:_TIDIED_AT_ONCE])
    for lines, limit in ((~failures, MAX_LINES), (failures, MAX_FAILURES)):
        _delete(AuditEntry.objects.filter(lines).order_by("-at", "-id")[limit : limit + _TIDIED_AT_ONCE])


def _delete(lines: QuerySet[AuditEntry]) -> None:
    AuditEntry.objects.filter(pk__in=list(lines.values_list("pk", flat=True))).delete()


def _page(lines: QuerySet[AuditEntry], before: int | None, limit: int) -> Page:
    """Read one line more than is shown, to know whether there is another page."""
    last = AuditEntry.objects.filter(pk=before).first() if before is not None else None
    if last is not None:
        lines = lines.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk))
    found = list(lines.order_by("-at", "-pk")[: limit + 1])
    return Page(found[:limit], found[limit - 1].pk if len(found) > limit else None)


def _fitting(detail: str) -> str:
    """Return a kept sentence as it is if there is room for it, else what it says in English, cut."""
    if len(detail) <= MAX_DETAIL_CHARS:
        return detail
    with translation.override("en"), numerals.written(PLAIN):
        return told(detail)[:MAX_DETAIL_CHARS]


def _plain(text: str) -> str:
    """PostgreSQL takes no NUL, and a line of the log must stay one line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
