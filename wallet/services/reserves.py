"""What operators see of the exchange: the chain beside the books, the hot float, sweeps, halts, endpoints."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import AccountKind
from wallet.domain.chain_words import ANSWERS, TROUBLES
from wallet.domain.deposits import DepositFate, format_units
from wallet.domain.money import Asset, format_count
from wallet.domain.retelling import said_again
from wallet.domain.signer_words import SIGNER
from wallet.models import ChainCursor, Deposit, Halt, Reconciliation, Sweep
from wallet.services import deposit_addresses, floats, found_payments, halts, reconciliation
from wallet.services.deposit_rows import by_name, short
from wallet.services.entry_rows import Row, minute
from wallet.services.own_addresses import cursor

SWEEPS_SHOWN = 20
HISTORY_SHOWN = 20
HALTS_SHOWN = 10
BEHIND = 5  # blocks that reading may be behind without a word
NOT_CREDITED = (DepositFate.SUSPENSE, DepositFate.LARGE, DepositFate.INTERNAL, DepositFate.SMALL)
# The terms of the books' side, in the words of the page.
TERMS = {kind.name.lower(): kind.label for kind in AccountKind} | {
    "below_one": gettext_noop("Below 1 µBTT"),
    "not_credited": gettext_noop("Not credited by policy"),
    "fees_not_booked": gettext_noop("Fees not booked yet"),
    "rounded_up": gettext_noop("Found payments, rounded up"),
    "final_above": gettext_noop("Final in a block not read yet"),
    "not_final": gettext_noop("In a block, not final yet"),
}

Message = dict[str, object]


def messages(user_id: int) -> list[Message]:
    """Return how the exchange stands, as messages of the live socket; nothing for anybody but admins."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    if not getattr(user, "is_admin", False):
        return []
    found, held = cursor(), floats.floats()
    newest = reconciliation.newest(settings.WALLET_NETWORK)
    compared = [compared_row(row, found) for row in newest]
    terms: list[Message] = [{"type": "list", "list": terms_name(row), "rows": by_name(terms_of(row))} for row in newest]
    return [
        {"type": "rows", "rows": {"reserves": state_row(found)} | by_name(compared)},
        *terms,
        {"type": "list", "list": "floats", "rows": by_name(floats.rows_of(held))},
        {"type": "list", "list": "warnings", "rows": by_name(floats.warnings(held))},
        {"type": "list", "list": "payments", "rows": by_name(found_payments.rows())},
        {"type": "list", "list": "runs", "rows": by_name(history())},
        {"type": "list", "list": "past-halts", "rows": by_name(past_halt_rows())},
        {"type": "list", "list": "endpoints", "rows": by_name(endpoint_rows(found))},
        {"type": "list", "list": "sweeps", "rows": by_name(sweep_rows())},
        {"type": "list", "list": "halts", "rows": by_name(halt_rows())},
    ]


def state_row(found: ChainCursor | None) -> Row:
    if found is None:
        has_key = deposit_addresses.is_ready()
        return {
            "row": "reserves",
            "read": _("nothing yet"),
            "state": _("Waiting for the chain: no two endpoints agree yet")
            if has_key
            else _("Waiting for the signer's key"),
            "state_tone": "yellow",
            "head": "?",
            "solid": "?",
            "looked": _("never"),
            "looked_at": "",
            "compared": _("never"),
            "compared_at": "",
        }
    behind = max(found.solid_height - found.height, 0)
    return {
        "row": "reserves",
        "read": format_count(found.height),
        "state": said_again(found.trouble, TROUBLES)
        if found.trouble
        else (
            _("Up to date") if behind <= BEHIND else _("%(behind)s blocks behind") % {"behind": format_count(behind)}
        ),
        "state_tone": "red" if found.trouble else "green" if behind <= BEHIND else "yellow",
        "head": format_count(found.head_height),
        "solid": format_count(found.solid_height),
        **_moment("looked", found.looked_at),
        **_moment("compared", found.reconciled_at),
    }


def _moment(name: str, at: datetime | None) -> Row:
    return {name: f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else _("never"), f"{name}_at": at.isoformat() if at else ""}


def compared_row(row: Reconciliation, found: ChainCursor | None = None) -> Row:
    """Return a comparison; of the newest, also up to which block it still holds."""
    asset, height = Asset(row.asset), max(row.height, (found.reconciled_height if found else None) or 0)
    return {
        "row": f"compared-{asset.unit}",
        "unit": asset.unit,
        "chain": format_units(row.chain, asset),
        "books": format_units(row.books, asset),
        "difference": format_units(row.difference, asset),
        "tone": "red" if row.difference else "green",
        "height": format_count(height),
        "since": _(", unchanged since block %(height)s") % {"height": format_count(row.height)}
        if height > row.height
        else "",
        "at": row.at.isoformat(),
        "at_text": minute(row.at),
        "says": reconciliation.names_of(row),
    }


def terms_name(row: Reconciliation) -> str:
    """Return what the list of a comparison's terms is called on the page."""
    return f"terms-{Asset(row.asset).unit}"


def terms_of(row: Reconciliation) -> list[Row]:
    """Return the terms of the books' side in words."""
    asset = Asset(row.asset)
    return [
        {
            "row": f"{terms_name(row)}-{name}",
            "name": _(TERMS[name]) if name in TERMS else name,
            "amount": format_units(int(text), asset),
        }
        for name, text in row.terms.items()
    ]


def endpoint_rows(found: ChainCursor | None) -> list[Row]:
    return [
        {
            "row": f"endpoint-{number}",
            "name": str(one["name"]),
            "state": _("Answers") if one["ok"] else said_again(str(one["problem"]), TROUBLES),
            "tone": "green" if one["ok"] else "red",
            "head": format_count(one["head"]) if one["head"] is not None else "?",
            "solid": format_count(one["solid"]) if one["solid"] is not None else "?",
        }
        for number, one in enumerate(found.endpoints if found else [])
    ]


def sweep_rows() -> list[Row]:
    newest = Sweep.objects.filter(network=settings.WALLET_NETWORK).select_related("address").order_by("-pk")
    return [_sweep_row(sweep) for sweep in newest[:SWEEPS_SHOWN]]


def _sweep_row(sweep: Sweep) -> Row:
    asset = Asset(sweep.asset)
    tones = {"final": "green", "signed": "blue", "prepared": "azure", "failed": "red", "dropped": "red"}
    return {
        "row": f"sweep-{sweep.pk}",
        "what": sweep.get_purpose_display(),
        "address": sweep.address.address,
        "amount": format_units(sweep.amount, asset),
        "unit": asset.unit,
        "state": sweep.get_state_display(),
        "tone": tones.get(sweep.state, "secondary"),
        "says": said_again(sweep.says, (*SIGNER, *ANSWERS)) if sweep.state != "final" else "",
        "tx": short(sweep.tx_id),
        "at": sweep.made_at.isoformat(),
        "at_text": minute(sweep.made_at),
    }


def history() -> list[Row]:
    rows = Reconciliation.objects.filter(network=settings.WALLET_NETWORK).order_by("-pk")[:HISTORY_SHOWN]
    return [compared_row(row) | {"row": f"run-{row.pk}"} for row in rows]


def past_halt_rows() -> list[Row]:
    lifted = Halt.objects.filter(lifted_at__isnull=False).order_by("-lifted_at")[:HALTS_SHOWN]
    return [
        {
            "row": f"past-halt-{halt.pk}",
            "at": halt.lifted_at.isoformat() if halt.lifted_at else "",
            "at_text": f"{halt.lifted_at:%Y-%m-%d %H:%M:%S}" if halt.lifted_at else "",
            "who": halt.lifted_by_name,
            "reason": halt.get_reason_display(),
            "detail": halts.detail_of(halt),
            "why": halt.lifted_why,
        }
        for halt in lifted
    ]


def not_credited() -> Sequence[Deposit]:
    found = Deposit.objects.filter(network=settings.WALLET_NETWORK, fate__in=[fate.value for fate in NOT_CREDITED])
    return list(found.order_by("-pk")[:HISTORY_SHOWN])


def halt_rows() -> list[Row]:
    """Return what stands, and why; `href` leads from the page to where it is lifted."""
    return [
        {
            "row": f"halt-{halt.pk}",
            "href": f"halts/{halt.pk}/",
            "reason": halt.get_reason_display(),
            "detail": halts.detail_of(halt),
            "at": halt.halted_at.isoformat(),
            "at_text": minute(halt.halted_at),
        }
        for halt in halts.standing()
    ]
