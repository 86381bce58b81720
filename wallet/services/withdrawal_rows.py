"""What a page shows of a withdrawal: one dict that template and live socket share. Everything in it is true and timed.

Pure formatting; nothing here asks the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from wallet.domain.money import Asset, format_amount, format_btt
from wallet.domain.withdrawal_states import CANCELLABLE, AttemptState, WithdrawalState
from wallet.models import Attempt, AttemptEvent, Withdrawal, WithdrawalDesk

Row = dict[str, str | int]

STEPS = ("requested", "checked", "queued", "signed", "sent", "block", "final")
NAMES = {
    "requested": "Requested",
    "checked": "Checked",
    "queued": "In the queue",
    "signed": "Signed",
    "sent": "Given to the network",
    "block": "In a block",
    "final": "Final",
}
STATES = {
    WithdrawalState.CHECKING: ("Waits for an admin", "yellow"),
    WithdrawalState.QUEUED: ("In the queue", "azure"),
    WithdrawalState.SENDING: ("On its way", "blue"),
    WithdrawalState.FINAL: ("Arrived", "green"),
    WithdrawalState.RETURNED: ("Returned", "red"),
    WithdrawalState.CANCELLED: ("Cancelled", "secondary"),
    WithdrawalState.REJECTED: ("Rejected", "red"),
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
STOPPED = "withdrawals are stopped"  # why the queue waits begins like this when everybody may know it
# Of what was signed and forgotten, so that nobody can say what became of it.
OLD_BLOCK = "it was signed before, and no endpoint gives the block that it refers to, so it can't be followed"
TOO_LITTLE = "the address that pays has too little"  # why one stands aside begins like this: its user may know so much
IN_DOUBT = (
    "An admin has to look at it first: the box's records and what it has signed do not agree. Until then {money} "
    "stays where it is."
)
_UNSIGNED = "the signer can't sign now"
_REFUSED = "the signer won't sign it"
_OUR_OWN_WORDS = ("seen", "taken back", "dead")
# What users read in place of what others have said.
_PLAIN = {
    "unsigned": _UNSIGNED,
    "refused": _REFUSED,
    "taken over": "it was signed before, and the box's records had lost it",
    "not dead": "it is not certain yet that it will never arrive",
    "failed": "the chain took it, and it moved nothing",
    "final": "it is in a block that nothing takes back",
}
_PLAIN_CODES = {
    "SUCCESS": "the network has taken it",
    "DUP_TRANSACTION_ERROR": "the network has it already",
    "UNKNOWN": "the network gave no clear answer, and is given it again",
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


OWNER = Reader("your money", "your account", "yours", "your money returns", "you can cancel it")
OPERATOR = Reader(
    money="the money",
    account="its user's account",
    gets_it="its user's",
    gets_money="the money returns to its user",
    can_cancel="its user can cancel it",
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
    words, tone = STATES[standing.state]
    if standing.attempt_state is AttemptState.SEEN:
        words = "In a block"
    can_cancel = standing.state in CANCELLABLE and not withdrawal.doubt
    # One in doubt has no attempt under way, and no other one is made anyway.
    can_want_back = standing.state is WithdrawalState.SENDING and not (withdrawal.is_wanted_back or withdrawal.doubt)
    if withdrawal.doubt and not standing.state.is_over:
        words, tone = "In doubt", "red"
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
        "state_words": f"{words}, number {standing.place}" if standing.place else words,
        "tone": tone,
        "now_text": _now(standing),
        "tx_id": attempt.tx_id if attempt else "",
        "has_attempt": "yes" if attempt else "no",
        "none_text": "" if attempt else "Nothing was ever given to it." if standing.state.is_over else "Nothing yet.",
        "attempt_text": f"{attempt.number}" if attempt else "",
        "network_fee_text": _trx(attempt.fee_sun) if attempt and attempt.fee_sun is not None else "",
        "can_cancel": "yes" if can_cancel else "no",
        "can_want_back": "yes" if can_want_back else "no",
    }
    return row | _steps(standing)


def event_row(event: AttemptEvent, *, with_details: bool) -> Row:
    """Return a line of the log of attempts. What signer and endpoints say names files, servers and others' money."""
    return {
        "at": event.at.isoformat(),
        "at_text": second(event.at),
        "what": event.what.capitalize(),
        "endpoint": event.endpoint if with_details else "",
        "code": event.code,
        "message": event.message if with_details else _plain(event),
    }


def short_address(address: str) -> str:
    return f"{address[:7]}…{address[-5:]}"


def _plain(event: AttemptEvent) -> str:
    """Say what a line of the log means in words of ours alone."""
    if event.what == "broadcast":
        return _PLAIN_CODES.get(event.code, "the network did not take it, and is given it again")
    return event.message if event.what in _OUR_OWN_WORDS else _PLAIN.get(event.what, "")


def second(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


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
        cells[f"{step}_state"] = state
        cells[f"{step}_at"] = at.isoformat() if at else ""
        cells[f"{step}_text"] = second(at) if at else ""
    if not standing.withdrawal.needs_approval:
        cells["checked_at"], cells["checked_text"] = "", "no approval needed"
    if cells["block_state"] == "bad":
        cells["block_at"], cells["block_text"] = "", "in no block"
    if standing.place:
        cells["queued_text"] = f"number {standing.place}"
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
        return IN_DOUBT.format(money=reader.money)
    if standing.state is WithdrawalState.CHECKING:
        until = f"{withdrawal.approve_until:%Y-%m-%d %H:%M} UTC" if withdrawal.approve_until else "further notice"
        return (
            "An amount like this takes an admin who did not ask for it. If none approves it by "
            f"{until}, the money is {reader.gets_it} again."
        )
    if standing.state is WithdrawalState.QUEUED:
        return _waiting(standing)
    if standing.state is WithdrawalState.SENDING:
        return _under_way(standing)
    if standing.state is WithdrawalState.FINAL:
        block = standing.attempt.block_number if standing.attempt else None
        return f"It arrived irreversibly, with block {block}."
    if standing.state is WithdrawalState.CANCELLED and reader.is_operator:
        return "Its user cancelled it."
    return withdrawal.reason


def _waiting(standing: Standing) -> str:
    reader = standing.reader
    if standing.withdrawal.fails_because.startswith(TOO_LITTLE):
        return (
            "The address that pays has less than that at the moment. It is looked at again each minute, and smaller "
            f"ones may go before it; {reader.can_cancel}."
        )
    if standing.withdrawal.fails_because.startswith(OLD_BLOCK):
        return "It was sent before, and the box can't see what became of it. An admin has to look at it."
    if standing.withdrawal.fails_because:
        return f"The chain says that this payment would fail now. It is tried again each minute; {reader.can_cancel}."
    if not standing.place:
        return f"It waits, because nothing may leave {reader.account} at the moment; {reader.can_cancel}."
    before = standing.place - 1
    place = f"{before} {'is' if before == 1 else 'are'} before it." if before else "It is the next one."
    desk = standing.desk
    if desk is None:
        return f"{place} Nobody has looked at the queue yet."
    why = f" It waits, because {_why(desk, reader)}." if desk.waits_because else ""
    return f"{place}{why} The queue was last looked at on {second(desk.looked_at)} UTC."


def _why(desk: WithdrawalDesk, reader: Reader) -> str:
    """Say why the queue waits; to users without others' amounts, the names of servers and the box's files."""
    if reader.is_operator or desk.waits_because.startswith(STOPPED):
        return desk.waits_because
    return "the box can't send at the moment; its operator sees why"


def _under_way(standing: Standing) -> str:
    attempt, said, reader = standing.attempt, standing.said, standing.reader
    if attempt is None:
        return "It is being prepared."
    ends = chain_time(attempt.expiration_ms)
    is_wanted_back = standing.withdrawal.is_wanted_back
    if standing.attempt_state is AttemptState.PREPARED:
        trouble = ""
        if said and said.what in ("refused", "unsigned"):
            trouble = f" It has not signed yet: {_UNSIGNED if said.what == 'unsigned' else _REFUSED}."
        then = reader.gets_money if is_wanted_back else "another attempt follows"
        return f"The signer is asked for its signature.{trouble} If it can't sign by {ends}, {then}."
    if standing.attempt_state is AttemptState.SIGNED:
        return "It is signed, and about to be given to the network."
    if standing.attempt_state is AttemptState.BROADCAST:
        then = reader.gets_money if is_wanted_back else f"another attempt follows or {reader.gets_money}"
        return (
            f"The network was given it, and it is in no block yet. If it is in none by {ends}, it never will be; when "
            f"that is certain, about a minute later, {then}."
        )
    if standing.attempt_state is AttemptState.SEEN:
        return f"It is in block {attempt.block_number}. In about a minute that block can't be taken back any more."
    lost = f"Attempt {attempt.number} was lost for certain, and will never be in a block."
    if is_wanted_back:
        return f"{lost} No other one is made: {reader.gets_money} in a moment."
    why = _why(standing.desk, reader) if standing.desk and standing.desk.waits_because else ""
    return f"{lost} Another one follows{f' when it can: {why}' if why else ''}."


def steps_of(row: Row) -> Sequence[tuple[str, str, str, str, str]]:
    """Return the steps for a template: key, name, state, time, words."""
    return [
        (step, NAMES[step], str(row[f"{step}_state"]), str(row[f"{step}_at"]), str(row[f"{step}_text"]))
        for step in STEPS
    ]
