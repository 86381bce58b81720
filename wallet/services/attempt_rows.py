"""What a page shows of the log of attempts: all of it to operators, to users what they may know in words of ours.

Pure formatting; nothing here asks the database.
"""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.chain_words import TROUBLES
from wallet.domain.retelling import said_again
from wallet.domain.signer_words import SIGNER
from wallet.domain.withdrawal_words import EVENTS
from wallet.models import AttemptEvent

Row = dict[str, str | int]

CANNOT_SIGN = gettext_noop("the signer can't sign now")
WILL_NOT_SIGN = gettext_noop("the signer won't sign it")
_OUR_OWN_WORDS = ("seen", "taken back", "dead")
# What the log calls what was done, after "Attempt 2:".
_DONE = {
    "prepared": gettext_noop("prepared"),
    "signed": gettext_noop("signed"),
    "sent": gettext_noop("sent"),
    "broadcast": gettext_noop("broadcast"),
    "seen": gettext_noop("seen"),
    "taken back": gettext_noop("taken back"),
    "taken over": gettext_noop("taken over"),
    "final": gettext_noop("final"),
    "failed": gettext_noop("failed"),
    "not dead": gettext_noop("not dead"),
    "dead": gettext_noop("dead"),
    "refused": gettext_noop("refused"),
    "unsigned": gettext_noop("unsigned"),
}
# What users read in place of what others have said.
_PLAIN = {
    "unsigned": CANNOT_SIGN,
    "refused": WILL_NOT_SIGN,
    "taken over": gettext_noop("it was signed before, and the box's records had lost it"),
    "not dead": gettext_noop("it is not certain yet that it will never arrive"),
    "failed": gettext_noop("the chain took it, and it moved nothing"),
    "final": gettext_noop("it is in a block that nothing takes back"),
}
_PLAIN_CODES = {
    "SUCCESS": gettext_noop("the network has taken it"),
    "DUP_TRANSACTION_ERROR": gettext_noop("the network has it already"),
    "UNKNOWN": gettext_noop("the network gave no clear answer, and is given it again"),
}
_UNTAKEN = gettext_noop("the network did not take it, and is given it again")


def event_row(event: AttemptEvent, *, with_details: bool) -> Row:
    """Return a line of the log of attempts. What signer and endpoints say names files, servers and others' money."""
    return {
        "at": event.at.isoformat(),
        "at_text": second(event.at),
        "what": _(_DONE.get(event.what, event.what)),
        "endpoint": event.endpoint if with_details else "",
        "code": event.code,
        "message": said_again(event.message, (*EVENTS, *SIGNER, *TROUBLES)) if with_details else _plain(event),
    }


def _plain(event: AttemptEvent) -> str:
    """Say what a line of the log means in words of ours alone."""
    if event.what == "broadcast":
        return _(_PLAIN_CODES.get(event.code, _UNTAKEN))
    if event.what in _OUR_OWN_WORDS:
        return said_again(event.message, EVENTS)
    return _(_PLAIN[event.what]) if event.what in _PLAIN else ""


def second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
