"""A user's own withdrawals: the list, one with its steps, and how to take it back."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from wallet import wiring
from wallet.models import Withdrawal
from wallet.services import withdrawal_pages, withdrawals
from wallet.services.install import market_asset
from wallet.services.refusals import Refused
from wallet.services.withdrawal_rows import steps_of
from wallet.web.books import read_before
from wallet.web.doors import for_members, user_id


@for_members
@require_GET
def own_withdrawals(request: HttpRequest) -> HttpResponse:
    page = withdrawal_pages.list_own(user_id(request), before=read_before(request))
    return render(request, "wallet/withdrawals.html", {"page": page, "unit": market_asset().unit})


@for_members
@require_GET
def withdrawal(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    found = withdrawal_pages.find_own(user_id(request), withdrawal_id)
    if found is None:
        raise Http404
    (row,) = withdrawal_pages.rows_of([found])
    context = {
        "row": row,
        "steps": steps_of(row),
        "pk": found.pk,
        "log": withdrawal_pages.log_of(found, with_details=False),
        "explorer": wiring.network().explorer,
        "decided_by": found.decided_by_name,
    }
    return render(request, "wallet/withdrawal.html", context)


@for_members
@require_POST
def withdrawal_cancel(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    """Take it back if nothing was signed yet."""
    try:
        withdrawals.cancel(user_id=user_id(request), withdrawal_id=withdrawal_id, now=timezone.now())
    except Withdrawal.DoesNotExist:
        raise Http404 from None
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Cancelled. The money is yours again.")
    return redirect("withdrawal", withdrawal_id)


@for_members
@require_POST
def withdrawal_want_back(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    """Let no further attempt be made, should the one under way be lost."""
    try:
        withdrawals.want_back(user_id=user_id(request), withdrawal_id=withdrawal_id)
    except Withdrawal.DoesNotExist:
        raise Http404 from None
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Should this attempt be lost, your money returns and no other one is made.")
    return redirect("withdrawal", withdrawal_id)
