"""What the box owes to whoever looks, and the proof that its newest snapshot counts that in full."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from wallet.domain.money import format_amount, format_btt, format_count
from wallet.models import LiabilitySnapshot
from wallet.services import liabilities
from wallet.web.assets import choice_of
from wallet.web.doors import for_members, user_id


@for_members
@require_GET
def owed(request: HttpRequest) -> HttpResponse:
    choice = choice_of(request, user_id(request))
    asset = choice.asset
    taken = liabilities.newest(asset)
    proof = liabilities.proof_for(user_id(request), snapshot=taken) if taken else None
    context = {
        "choice": choice,
        "unit": asset.unit,
        "taken": taken,
        "total": format_amount(taken.total_ubtt, asset) if taken else "",
        "leaves": format_count(taken.count) if taken else "",
        "next_at": taken.taken_at + liabilities.EVERY if taken else None,
        "proof": proof,
        "counted": format_btt(proof.balance_ubtt) if proof else "",
        "document": proof and proof.as_json(),
    }
    return render(request, "wallet/owed.html", context)


@for_members
@require_GET
def owed_proof(request: HttpRequest, snapshot_id: int) -> HttpResponse:
    """Give somebody the proof to keep; it stays valid as long as someone knows the hash of its snapshot."""
    taken = LiabilitySnapshot.objects.filter(pk=snapshot_id).first()
    proof = liabilities.proof_for(user_id(request), snapshot=taken) if taken else None
    if taken is None or proof is None:
        raise Http404
    name = f"owed-{taken.taken_at:%Y-%m-%d}-{taken.pk}.json"
    kept = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(proof.as_json(), json_dumps_params={"indent": 1}, headers=kept)
