"""What the wallet shows on the box's overview: two tiles, and what waits for its user. It knows neither by name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wallet.domain import sparks
from wallet.services import attention, purse


@dataclass(frozen=True)
class Wait:
    """Something that waits, in a sentence, and the page that tells of it."""

    text: str
    act: str
    url: str
    tone: str


def balance(user_id: int) -> dict[str, Any]:
    return {"balance": purse.purse_row(user_id)}


def income(user_id: int, now: datetime) -> dict[str, Any]:
    found = purse.income(user_id, now=now)
    earned, spent = purse.lines(found)
    return {
        "row": purse.income_row(found),
        "earned": earned,
        "spent": spent,
        "box": {"width": sparks.WIDTH, "height": sparks.HEIGHT},
        "days": purse.DAYS,
        "version": purse.version(found),
    }


def waits(user_id: int, *, is_admin: bool) -> list[Wait]:
    """Say what of a user's money waits; admins hear of halts though nothing of their own does."""
    found = attention.of_user(user_id, is_operator=is_admin)
    waiting = []
    if found.halts:
        text = _("Withdrawals are halted, and stay so until an operator lifts it.")
        waiting.append(Wait(text, _("Look at the reserves"), reverse("reserves"), "danger"))
    elif found.is_halted and found.open_withdrawals:
        text = _("Withdrawals rest for now. Yours keeps its place, and its money is held for it.")
        waiting.append(Wait(text, _("Your withdrawals"), reverse("withdrawals"), "warning"))
    if found.pending_deposits:
        text = ngettext(
            "%(count)d deposit is on its way: the chain has to confirm it.",
            "%(count)d deposits are on their way: the chain has to confirm them.",
            found.pending_deposits,
        ) % {"count": found.pending_deposits}
        waiting.append(Wait(text, _("Follow it"), reverse("deposit"), "info"))
    return waiting
