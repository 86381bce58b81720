"""A user's own withdrawals: the list, one with its steps, and how to take it back."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from wallet import wiring
from wallet.domain.tron.addresses import parse_address
from wallet.services import address_book, withdrawal_pages, withdrawals
from wallet.services.install import market_asset
from wallet.services.withdrawal_rows import steps_of
from wallet.web.books import read_before
from wallet.web.doors import for_members, user_id
from wallet.web.withdrawal_acts import carry_out


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
    entry = address_book.find(found.user_id, parse_address(found.address))
    context = {
        "row": row,
        "label": entry.label if entry else "",
        "steps": steps_of(row),
        "pk": found.pk,
        "log": withdrawal_pages.log_of(found, with_details=False),
        "explorer": wiring.network().explorer,
        "approved_by": found.decided_by_name,
        "rejected_by": found.rejected_by_name,
    }
    return render(request, "wallet/withdrawal.html", context)


@for_members
@require_POST
def withdrawal_cancel(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    """Take it back if its turn has not come yet."""

    def cancel() -> str:
        withdrawals.cancel(wiring.signer(), user_id=user_id(request), withdrawal_id=withdrawal_id, now=timezone.now())
        return _("Cancelled. The money is yours again.")

    return carry_out(request, cancel, page="withdrawal", withdrawal_id=withdrawal_id)


@for_members
@require_POST
def withdrawal_want_back(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    """Let no further attempt be made, should the one under way be lost."""

    def want_back() -> str:
        withdrawals.want_back(user_id=user_id(request), withdrawal_id=withdrawal_id)
        return _("Should this attempt be lost, your money returns and no other one is made.")

    return carry_out(request, want_back, page="withdrawal", withdrawal_id=withdrawal_id)
