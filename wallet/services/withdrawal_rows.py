"""What a page shows of a withdrawal: one dict that template and live socket share. Everything in it is true and timed.

Pure formatting; nothing here asks the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from wallet.domain.chain_words import TROUBLES
from wallet.domain.money import Asset, format_amount, format_btt
from wallet.domain.retelling import said_again
from wallet.domain.signer_words import SIGNER
from wallet.domain.withdrawal_states import CANCELLABLE, AttemptState, WithdrawalState
from wallet.domain.withdrawal_words import FAILS, OLD_BLOCK, REASONS, STOPPED, TOO_LITTLE, WAITS
from wallet.models import Attempt, AttemptEvent, Withdrawal, WithdrawalDesk
from wallet.services.attempt_rows import CANNOT_SIGN, WILL_NOT_SIGN, second

Row = dict[str, str | int]

STEPS = ("requested", "checked", "queued", "signed", "sent", "block", "final")
NAMES = {
    "requested": gettext_noop("Requested"),
    "checked": gettext_noop("Checked"),
    "queued": gettext_noop("In the queue"),
    "signed": gettext_noop("Signed"),
    "sent": gettext_noop("Given to the network"),
    "block": gettext_noop("In a block"),
    "final": gettext_noop("Final"),
}
STATES = {
    WithdrawalState.CHECKING: (gettext_noop("Waits for an admin"), "yellow"),
    WithdrawalState.QUEUED: (gettext_noop("In the queue"), "azure"),
    WithdrawalState.SENDING: (gettext_noop("On its way"), "blue"),
    WithdrawalState.FINAL: (gettext_noop("Arrived"), "green"),
    WithdrawalState.RETURNED: (gettext_noop("Returned"), "red"),
    WithdrawalState.CANCELLED: (gettext_noop("Cancelled"), "secondary"),
    WithdrawalState.REJECTED: (gettext_noop("Rejected"), "red"),
}
_IS = {
    WithdrawalState.CHECKING: gettext_noop("checking"),
    WithdrawalState.QUEUED: gettext_noop("queued"),
    WithdrawalState.SENDING: gettext_noop("sending"),
    WithdrawalState.FINAL: gettext_noop("final"),
    WithdrawalState.RETURNED: gettext_noop("returned"),
    WithdrawalState.CANCELLED: gettext_noop("cancelled"),
    WithdrawalState.REJECTED: gettext_noop("rejected"),
}
_STEP_OF_ATTEMPT = {
    AttemptState.PREPARED: "signed",
    AttemptState.SIGNED: "sent",
    AttemptState.BROADCAST: "block",
    AttemptState.SEEN: "final",
    AttemptState.FINAL: "final",
    AttemptState.FAILED: "final",
    AttemptState.DEAD: "block",
}
IN_DOUBT = gettext_noop(
    "An admin has to look at it first: the box's records and what it has signed do not agree. Until then {money} "
    "stays where it is."
)
# How a step stands, for those who don't see its mark.
_SAID = {
    "done": gettext_noop("done"),
    "now": gettext_noop("now"),
    "todo": gettext_noop("to do"),
    "bad": gettext_noop("bad"),
    "off": gettext_noop("off"),
}
_BAD_ENDS = (WithdrawalState.RETURNED, WithdrawalState.CANCELLED, WithdrawalState.REJECTED)


@dataclass(frozen=True)
class Reader:
    """To whom a page speaks: to the user whose withdrawal it is, or to an operator about that user."""

    money: str
    account: str
    gets_it: str  # the money is …
    gets_money: str  # then …
    can_cancel: str
    is_operator: bool = False


OWNER = Reader(
    gettext_noop("your money"),
    gettext_noop("your account"),
    gettext_noop("yours"),
    gettext_noop("your money returns"),
    gettext_noop("you can cancel it"),
)
OPERATOR = Reader(
    money=gettext_noop("the money"),
    account=gettext_noop("its user's account"),
    gets_it=gettext_noop("its user's"),
    gets_money=gettext_noop("the money returns to its user"),
    can_cancel=gettext_noop("its user can cancel it"),
    is_operator=True,
)


@dataclass(frozen=True)
class Standing:
    """A withdrawal with all that decides what is said of it."""

    withdrawal: Withdrawal
    attempt: Attempt | None  # the newest
    said: AttemptEvent | None  # the newest line of its log
    place: int  # in the queue, from 1; 0: it is not in it
    desk: WithdrawalDesk | None
    reader: Reader = OWNER

    @property
    def state(self) -> WithdrawalState:
        return WithdrawalState(self.withdrawal.state)

    @property
    def attempt_state(self) -> AttemptState | None:
        return AttemptState(self.attempt.state) if self.attempt else None


def withdrawal_row(standing: Standing) -> Row:
    withdrawal, attempt = standing.withdrawal, standing.attempt
    asset = Asset(withdrawal.asset)
    words, tone = _(STATES[standing.state][0]), STATES[standing.state][1]
    if standing.attempt_state is AttemptState.SEEN:
        words = _("In a block")
    can_cancel = standing.state in CANCELLABLE and not withdrawal.doubt
    # One in doubt has no attempt under way, and no other one is made anyway.
    can_want_back = standing.state is WithdrawalState.SENDING and not (withdrawal.is_wanted_back or withdrawal.doubt)
    if withdrawal.doubt and not standing.state.is_over:
        words, tone = _("In doubt"), "red"
    row: Row = {
        "row": f"withdrawal-{withdrawal.pk}",
        "href": f"{withdrawal.pk}/",
        "at": withdrawal.requested_at.isoformat(),
        "at_text": f"{withdrawal.requested_at:%Y-%m-%d %H:%M}",
        "amount": format_btt(withdrawal.amount_ubtt),
        "unit": asset.unit,
        "amount_text": format_amount(withdrawal.amount_ubtt, asset),
        "fee_text": format_amount(withdrawal.fee_ubtt, asset),
        "total_text": format_amount(withdrawal.total_ubtt, asset),
        "address": withdrawal.address,
        "short_address": short_address(withdrawal.address),
        "state_words": _("%(state)s, number %(place)s") % {"state": words, "place": standing.place}
        if standing.place
        else words,
        "tone": tone,
        "now_text": _now(standing),
        "tx_id": attempt.tx_id if attempt else "",
        "has_attempt": "yes" if attempt else "no",
        "none_text": ""
        if attempt
        else _("Nothing was ever given to it.")
        if standing.state.is_over
        else _("Nothing yet."),
        "attempt_text": f"{attempt.number}" if attempt else "",
        "network_fee_text": _trx(attempt.fee_sun) if attempt and attempt.fee_sun is not None else "",
        "can_cancel": "yes" if can_cancel else "no",
        "can_want_back": "yes" if can_want_back else "no",
    }
    return row | _steps(standing)


def short_address(address: str) -> str:
    return f"{address[:7]}…{address[-5:]}"


def chain_time(timestamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(timestamp_ms // 1000, UTC):%H:%M:%S} UTC"


def _trx(sun: int) -> str:
    return format_amount(sun, Asset.TRX)


def _steps(standing: Standing) -> Row:
    """Return for each step whether it is done, what it says, and when it was."""
    current, times = STEPS.index(_current(standing)), _times(standing)
    is_final, is_bad = standing.state is WithdrawalState.FINAL, standing.state in _BAD_ENDS
    cells: Row = {}
    for number, step in enumerate(STEPS):
        is_done = number < current or is_final
        state = "done" if is_done else "todo"
        if number == current and not is_final:
            state = "bad" if is_bad else "now"
        elif not is_done and is_bad:
            state = "off"
        at = times[step] if state in ("done", "bad") else None
        cells[f"{step}_state"], cells[f"{step}_said"] = state, _(_SAID[state])
        cells[f"{step}_at"] = at.isoformat() if at else ""
        cells[f"{step}_text"] = second(at) if at else ""
    if not standing.withdrawal.needs_approval:
        cells["checked_at"], cells["checked_text"] = "", _("no approval needed")
    if cells["block_state"] == "bad":
        cells["block_at"], cells["block_text"] = "", _("in no block")
    if standing.place:
        cells["queued_text"] = _("number %(place)s") % {"place": standing.place}
    return cells


def _current(standing: Standing) -> str:
    withdrawal = standing.withdrawal
    if standing.state in (WithdrawalState.CANCELLED, WithdrawalState.REJECTED):
        return "queued" if withdrawal.queued_at else "checked"
    if standing.state in (WithdrawalState.CHECKING, WithdrawalState.QUEUED):
        return "checked" if standing.state is WithdrawalState.CHECKING else "queued"
    if standing.attempt_state is None or (
        standing.state is WithdrawalState.SENDING and standing.attempt_state is AttemptState.DEAD
    ):
        return "signed"  # the next attempt is about to be made
    if standing.attempt_state is AttemptState.DEAD and standing.attempt and standing.attempt.broadcast_at is None:
        return "sent" if standing.attempt.signed_at else "signed"  # it ended before the network had it
    return _STEP_OF_ATTEMPT[standing.attempt_state]


def _times(standing: Standing) -> dict[str, datetime | None]:
    withdrawal, attempt = standing.withdrawal, standing.attempt
    return {
        "requested": withdrawal.requested_at,
        "checked": withdrawal.decided_at or withdrawal.rejected_at or withdrawal.ended_at,
        "queued": withdrawal.sending_at or withdrawal.ended_at,
        "signed": attempt.signed_at if attempt else None,
        "sent": attempt.broadcast_at if attempt else None,
        "block": (attempt.seen_at or attempt.ended_at) if attempt else None,
        "final": withdrawal.ended_at,
    }


def _now(standing: Standing) -> str:
    """Say what happens now, and what will happen next."""
    withdrawal, reader = standing.withdrawal, standing.reader
    if withdrawal.doubt and not standing.state.is_over:
        return _(IN_DOUBT).format(money=_(reader.money))
    if standing.state is WithdrawalState.CHECKING:
        until = f"{withdrawal.approve_until:%Y-%m-%d %H:%M} UTC" if withdrawal.approve_until else _("further notice")
        return _(
            "An amount like this takes an admin who did not ask for it. If none approves it by "
            "%(until)s, the money is %(gets_it)s again."
        ) % {"until": until, "gets_it": _(reader.gets_it)}
    if standing.state is WithdrawalState.QUEUED:
        return _waiting(standing)
    if standing.state is WithdrawalState.SENDING:
        return _under_way(standing)
    if standing.state is WithdrawalState.FINAL:
        block = standing.attempt.block_number if standing.attempt else None
        return _("It arrived irreversibly, with block %(block)s.") % {"block": block}
    if standing.state is WithdrawalState.CANCELLED and reader.is_operator:
        return _("Its user cancelled it.")
    return said_again(withdrawal.reason, REASONS)


def _waiting(standing: Standing) -> str:
    reader = standing.reader
    if standing.withdrawal.fails_because.startswith(TOO_LITTLE):
        return _(
            "The address that pays has less than that at the moment. It is looked at again each "
            "minute, and smaller ones may go before it; %(can_cancel)s."
        ) % {"can_cancel": _(reader.can_cancel)}
    if standing.withdrawal.fails_because.startswith(OLD_BLOCK):
        return _("It was sent before, and the box can't see what became of it. An admin has to look at it.")
    if standing.withdrawal.fails_because:
        return _("The chain says that this payment would fail now. It is tried again each minute; %(can_cancel)s.") % {
            "can_cancel": _(reader.can_cancel)
        }
    if not standing.place:
        return _("It waits, because nothing may leave %(account)s at the moment; %(can_cancel)s.") % {
            "account": _(reader.account),
            "can_cancel": _(reader.can_cancel),
        }
    before = standing.place - 1
    place = _("It is the next one.")
    if before:
        place = ngettext("%(count)d is before it.", "%(count)d are before it.", before) % {"count": before}
    desk = standing.desk
    if desk is None:
        return _("%(place)s Nobody has looked at the queue yet.") % {"place": place}
    says = _("%(place)s The queue was last looked at on %(looked_at)s UTC.")
    if desk.waits_because:
        says = _("%(place)s It waits, because %(why)s. The queue was last looked at on %(looked_at)s UTC.")
    return says % {"place": place, "why": _why(desk, reader), "looked_at": second(desk.looked_at)}


def _why(desk: WithdrawalDesk, reader: Reader) -> str:
    """Say why the queue waits; to users without others' amounts, the names of servers and the box's files."""
    if reader.is_operator or desk.waits_because.startswith(STOPPED):
        return waits_because(desk)
    return _("the box can't send at the moment; its operator sees why")


def _under_way(standing: Standing) -> str:
    attempt, said, reader = standing.attempt, standing.said, standing.reader
    if attempt is None:
        return _("It is being prepared.")
    ends = chain_time(attempt.expiration_ms)
    is_wanted_back = standing.withdrawal.is_wanted_back
    if standing.attempt_state is AttemptState.PREPARED:
        says = _("The signer is asked for its signature. If it can't sign by %(ends)s, %(then)s.")
        trouble = ""
        if said and said.what in ("refused", "unsigned"):
            says = _(
                "The signer is asked for its signature. It has not signed yet: %(trouble)s. If it can't sign by "
                "%(ends)s, %(then)s."
            )
            trouble = _(CANNOT_SIGN if said.what == "unsigned" else WILL_NOT_SIGN)
        then = _(reader.gets_money) if is_wanted_back else _("another attempt follows")
        return says % {"trouble": trouble, "ends": ends, "then": then}
    if standing.attempt_state is AttemptState.SIGNED:
        return _("It is signed, and about to be given to the network.")
    if standing.attempt_state is AttemptState.BROADCAST:
        then = (
            _(reader.gets_money)
            if is_wanted_back
            else _("another attempt follows or %(gets_money)s") % {"gets_money": _(reader.gets_money)}
        )
        return _(
            "The network was given it, and it is in no block yet. If it is in none by %(ends)s, "
            "it never will be; when that is certain, about a minute later, %(then)s."
        ) % {"ends": ends, "then": then}
    if standing.attempt_state is AttemptState.SEEN:
        return _("It is in block %(block_number)s. In about a minute that block can't be taken back any more.") % {
            "block_number": attempt.block_number
        }
    lost = _("Attempt %(number)s was lost for certain, and will never be in a block.") % {"number": attempt.number}
    if is_wanted_back:
        return _("%(lost)s No other one is made: %(gets_money)s in a moment.") % {
            "lost": lost,
            "gets_money": _(reader.gets_money),
        }
    why = _why(standing.desk, reader) if standing.desk and standing.desk.waits_because else ""
    if why:
        return _("%(lost)s Another one follows when it can: %(why)s.") % {"lost": lost, "why": why}
    return _("%(lost)s Another one follows.") % {"lost": lost}


def state_of(withdrawal: Withdrawal) -> str:
    """Return its state as it stands in a sentence, after "it is"."""
    return _(_IS[WithdrawalState(withdrawal.state)])


def waits_because(desk: WithdrawalDesk) -> str:
    """Say to operators why the queue waits."""
    return said_again(desk.waits_because, (*WAITS, *SIGNER, *TROUBLES))


def fails_because(withdrawal: Withdrawal) -> str:
    """Say to operators why one stands aside."""
    return said_again(withdrawal.fails_because, FAILS)


def steps_of(row: Row) -> Sequence[tuple[str, ...]]:
    """Return the steps for a template: key, name, state, the state in words, time, words."""
    return [
        (step, _(NAMES[step]), *(str(row[f"{step}_{cell}"]) for cell in ("state", "said", "at", "text")))
        for step in STEPS
    ]
