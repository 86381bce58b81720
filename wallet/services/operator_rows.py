"""What the operator's page shows of the money, as rows that its template and the live socket share."""

from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from wallet.domain.deposits import format_units
from wallet.domain.money import Asset, format_amount, format_btt, format_count
from wallet.domain.withdrawal_states import OPEN, WithdrawalState
from wallet.models import Withdrawal
from wallet.services import halts
from wallet.services.entry_rows import Row, minute, with_decimals
from wallet.services.fees_taken import fees_of_month
from wallet.services.solvency import Solvency, solvency

OLD = timedelta(minutes=10)  # the chain is held against the books every minute
UNKNOWN = "\N{EN DASH}"


def solvency_rows(now: datetime) -> list[Row]:
    return [_solvency_row(one, now) for one in solvency()]


def _solvency_row(one: Solvency, now: datetime) -> Row:
    at = one.compared_at
    tone = "red" if one.difference_units else "secondary" if at is None else "yellow" if now - at > OLD else "green"
    row: Row = {
        "row": f"solvency-{one.asset.unit}",
        "unit": one.asset.unit,
        "owed": format_btt(one.owed_ubtt),
        "own": format_btt(one.own_ubtt),
        "reserves": UNKNOWN if one.reserves_units is None else format_units(one.reserves_units, one.asset),
        "difference": UNKNOWN if one.difference_units is None else format_units(one.difference_units, one.asset),
        "tone": tone,
        "compared": f"{minute(at)} UTC" if at else _("never"),
        "compared_at": at.isoformat() if at else "",
        "says": one.says,
    }
    return with_decimals(row, "owed", "own")


def fee_rows(now: datetime) -> list[Row]:
    """Return what was taken and paid since the first of the month."""
    rows: list[Row] = []
    for fees in fees_of_month(now):
        if fees.asset is Asset.TRX:
            rows.append(_fee_row("network", _("Paid to the network"), fees.network_ubtt, fees.asset))
            continue
        rows.append(_fee_row("hub", _("Hub fees"), fees.hub_ubtt, fees.asset))
        rows.append(_fee_row("withdrawal", _("Withdrawal fees"), fees.withdrawals_ubtt, fees.asset))
    return rows


def _fee_row(name: str, label: str, amount_ubtt: int, asset: Asset) -> Row:
    row: Row = {
        "row": f"fee-{name}-{asset.unit}",
        "name": label,
        "amount": format_btt(amount_ubtt),
        "unit": asset.unit,
    }
    return with_decimals(row, "amount")


def halt_rows(now: datetime) -> list[Row]:
    """Return the halts that stand, oldest first."""
    return [
        {
            "row": f"halt-{halt.pk}",
            "reason": halt.get_reason_display(),
            "detail": halts.detail_of(halt),
            "at": halt.halted_at.isoformat(),
            "at_text": f"{minute(halt.halted_at)} UTC",
        }
        for halt in halts.standing()
    ]


def withdrawal_rows(now: datetime) -> list[Row]:
    """Return the withdrawals that are not over, by what they wait for."""
    found = Withdrawal.objects.filter(state__in=[state.value for state in OPEN]).order_by()
    counts = found.values_list("state", "asset").annotate(
        Count("pk"), Sum("amount_ubtt"), doubted=Count("pk", filter=~Q(doubt=""))
    )
    by_state: dict[str, list[str]] = {}
    totals: dict[str, tuple[int, int]] = {}
    for state, asset, count, amount_ubtt, doubted in counts:
        by_state.setdefault(state, []).append(format_amount(amount_ubtt, Asset(asset)))
        before = totals.get(state, (0, 0))
        totals[state] = (before[0] + count, before[1] + doubted)
    return [_withdrawal_row(state, totals.get(state, (0, 0)), by_state.get(state, [])) for state in _waiting()]


def _waiting() -> dict[WithdrawalState, str]:
    return {
        WithdrawalState.CHECKING: _("Wait for an admin"),
        WithdrawalState.QUEUED: _("Wait for their turn"),
        WithdrawalState.SENDING: _("Are being sent"),
    }


def _withdrawal_row(state: WithdrawalState, totals: tuple[int, int], amounts: list[str]) -> Row:
    count, doubted = totals
    wants_somebody = doubted or (state is WithdrawalState.CHECKING and count)
    return {
        "row": f"waiting-{state.value}",
        "name": _waiting()[state],
        "count": format_count(count),
        "amount": ", ".join(sorted(amounts)) or UNKNOWN,
        "doubted": _("%(count)s in doubt") % {"count": doubted} if doubted else "",
        "tone": "red" if doubted else "yellow" if wants_somebody else "green" if count else "secondary",
    }
