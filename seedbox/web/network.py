"""The admin's page of a node's network: a form, and how its node answered."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from seedbox.domain.network import BadNetwork
from seedbox.services import networks
from seedbox.services.sealing import SealBroken
from seedbox.web.doors import for_admins, need_fresh_proof
from seedbox.web.network_form import NetworkForm
from seedbox.web.origin import origin_of


@for_admins
@require_http_methods(["GET", "HEAD", "POST"])
def network(request: HttpRequest, name: str) -> HttpResponse:
    """Show the form, or take it; a refused one comes back with what was typed, but never with the password."""
    standing = _standing(name)
    if request.method != "POST":
        return _render(request, standing, NetworkForm.of(standing))
    need_fresh_proof(request)
    form = NetworkForm(request.POST)
    if form.is_valid():
        try:
            changed = networks.change(
                node_name=name,
                settings=form.settings(),
                keeps_password=form.keeps_password,
                origin=origin_of(request),
                now=timezone.now(),
            )
        except BadNetwork as refusal:
            form.refuse(refusal.problems)
        except SealBroken:
            form.refuse({"proxy_password": _("The kept password can't be read any more. Enter it anew.")})
        else:
            messages.success(
                request, _("Saved: the node carries it out now.") if changed else _("Nothing was changed.")
            )
            return redirect("network", name=name)
    return _render(request, standing, form)


@for_admins
@require_GET
def network_answer(request: HttpRequest, name: str) -> HttpResponse:
    """Return how the settings stand; the fragment asks again while that can change."""
    return render(request, "seedbox/_network_answer.html", {"standing": _standing(name)})


def _standing(name: str) -> networks.Standing:
    try:
        return networks.standing(networks.find_node(name))
    except networks.NoSuchNode:
        raise Http404 from None


def _render(request: HttpRequest, standing: networks.Standing, form: NetworkForm) -> HttpResponse:
    context = {"standing": standing, "groups": form.groups(), "form": form}
    return render(request, "seedbox/network.html", context)
