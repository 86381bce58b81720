"""The operator's page of a node's market: whether it sells and buys, how much, and at what price."""

from collections.abc import Mapping
from typing import Self

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from seedbox.domain.units import format_bytes
from seedbox.web.doors import for_admins
from seedbox.web.origin import origin_of
from speed.domain.reading import write_mib, write_percent
from speed.services import former_keys, markets, node_rows
from speed.services.markets import BadTerms, Terms
from speed.services.node_rows import NodeState
from speed.web.fields import MAX_CHARS, btt_field, percent_field, speed_field
from wallet.domain.money import write_btt

SELLS = gettext_lazy("Complete torrents are offered to other nodes. Peers that pay nothing keep the free share.")
LIMIT = gettext_lazy(
    "What this node uploads in all, at most. The market shares it out; while nobody bids nothing is throttled."
)
FREE = gettext_lazy("For everybody, whatever is bid: 20 % or more. What buyers leave unused is free, too.")
ASK = gettext_lazy("No byte is sold for less. With more bids than there is room, rounds clear above it.")
BUYS = gettext_lazy("Users who have turned their spending on may bid for faster downloads through this node.")
LOCAL = gettext_lazy("Also call sellers in private networks, as on a test bench. Leave it off on the internet.")


class MarketForm(forms.Form):
    sells = forms.BooleanField(label=gettext_lazy("Sell upload"), required=False, help_text=SELLS)
    upload_limit_bytes_per_s = speed_field(gettext_lazy("Upload limit, MiB/s"), LIMIT, required=False)
    free_share_ppm = percent_field(gettext_lazy("Free share, %"), FREE)
    ask_ubtt_per_gib = btt_field(gettext_lazy("Ask"), ASK, per="GiB")
    buys = forms.BooleanField(label=gettext_lazy("Let users bid through this node"), required=False, help_text=BUYS)
    dials_local = forms.BooleanField(label=gettext_lazy("Buy in private networks"), required=False, help_text=LOCAL)

    @classmethod
    def of(cls, terms: Terms, *, suggested: bool, ask: str) -> Self:
        """Return the form filled with what stands; with `suggested` the limit is the one that was measured.

        So is an `ask` that was suggested elsewhere; whatever it says is read like a person's when it is sent.
        """
        measured = terms.node.suggested_limit_bytes_per_s if terms.node and suggested else 0
        return cls(
            initial={
                "sells": terms.sells,
                "upload_limit_bytes_per_s": write_mib(measured or terms.upload_limit_bytes_per_s),
                "free_share_ppm": write_percent(terms.free_share_ppm),
                "ask_ubtt_per_gib": ask[:MAX_CHARS] or write_btt(terms.ask_ubtt_per_gib),
                "buys": terms.buys,
                "dials_local": terms.dials_local,
            }
        )

    def refuse(self, problems: Mapping[str, str]) -> None:
        for name, sentence in problems.items():
            self.add_error(name, sentence)

    def groups(self) -> list[dict[str, object]]:
        selling = ("sells", "upload_limit_bytes_per_s", "free_share_ppm", "ask_ubtt_per_gib")
        return [
            {"title": _("Selling"), "fields": [self[name] for name in selling]},
            {"title": _("Buying"), "fields": [self[name] for name in ("buys", "dials_local")]},
        ]


@for_admins
@require_http_methods(["GET", "HEAD", "POST"])
def market_node(request: HttpRequest, name: str) -> HttpResponse:
    now = timezone.now()
    state = node_rows.node_states(now=now, only=[name])[0]
    if state.terms.node is None:
        raise Http404
    if request.method != "POST":
        form = MarketForm.of(state.terms, suggested="suggested" in request.GET, ask=request.GET.get("ask", ""))
        return _render(request, state, form)
    form = MarketForm(request.POST)
    if form.is_valid():
        try:
            markets.change(node_name=name, **form.cleaned_data, origin=origin_of(request), now=now)
        except BadTerms as refusal:
            form.refuse(refusal.problems)
        else:
            messages.success(request, _("Saved: the node follows within seconds."))
            return redirect("market_node", name=name)
    return _render(request, state, form)


def _render(request: HttpRequest, state: NodeState, form: MarketForm) -> HttpResponse:
    node = state.terms.node
    context = {
        "name": state.name,
        "row": node_rows.node_row(state, now=timezone.now()),
        "form": form,
        "groups": form.groups(),
        "former_keys": former_keys.of_node(state.agent),
        "best": format_bytes(node.best_upload_bytes_per_s) if node and node.best_upload_bytes_per_s else "",
        "suggested": format_bytes(node.suggested_limit_bytes_per_s) if node else "",
    }
    return render(request, "speed/node.html", context)
