"""The audit log: who did what, when and from where. Services write it in the transaction of what they change."""

from dataclasses import dataclass
from datetime import datetime

from seedbox.models import AuditEntry, User
from seedbox.models.audit_entry import Act

MAX_NAME_CHARS = 150
MAX_AGENT_CHARS = 200
MAX_DETAIL_CHARS = 300


@dataclass(frozen=True)
class Origin:
    """Who acts, and from where."""

    actor: User | None  # None: nobody is signed in, or the command line
    address: str = ""  # IP address of the browser, "" on the command line
    agent: str = ""  # what the browser calls itself
    name: str = ""  # of an actor without a user: the name that was tried, or "command line"


def record(act: Act, *, origin: Origin, now: datetime, subject: User | None = None, detail: str = "") -> None:
    """Add a line; `subject` is whose account it concerns, the actor's own unless given. Long texts are cut."""
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
        detail=_plain(detail)[:MAX_DETAIL_CHARS],
    )


def _plain(text: str) -> str:
    """PostgreSQL takes no NUL, and a line of the log must stay one line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
