"""One entry of one's own: both sides, the cause, and the proof that it stands in the sealed books."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from wallet import wiring
from wallet.domain.money import format_amount
from wallet.services import acts, causes, proofs, statements
from wallet.services.entry_rows import entry_row
from wallet.web.assets import query_of
from wallet.web.doors import for_members, user_id


@for_members
@require_GET
def money_entry(request: HttpRequest, transfer_id: int) -> HttpResponse:
    detail = statements.detail(user_id(request), transfer_id)
    if detail is None:
        raise Http404
    entry, proof = detail.entry, proofs.inclusion(transfer_id)
    context = {
        "detail": detail,
        "entry": entry,
        "row": entry_row(entry),
        "amount": format_amount(abs(entry.amount_ubtt), entry.asset),
        "balance": format_amount(entry.balance_ubtt, entry.asset),
        "sender": entry.counterparty if entry.is_credit else _("you"),
        "receiver": _("you") if entry.is_credit else entry.counterparty,
        "money_query": query_of(entry.asset),
        "source": causes.source_of(user_id(request), transfer_id, entry.cause),
        "explorer": wiring.network().explorer,
        "act": acts.act_behind(transfer_id),
        "proof": proof,
        "document": proof and proof.as_json(),
    }
    return render(request, "wallet/entry.html", context)
