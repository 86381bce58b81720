"""The page on which a box shows the demo: its steps as they come, both speeds, and the doors to its boxes."""

from collections.abc import Callable, Sequence
from functools import wraps
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_POST

from seedbox.config import settings as box_settings
from seedbox.config.demo import record
from seedbox.config.demo.screen import PARTS
from seedbox.config.demo.story import RUNS
from seedbox.domain.kept import told
from seedbox.domain.units import format_speed
from seedbox.web.doors import for_admins
from wallet.domain.money import format_btt

WIDTH, HEIGHT = 600, 120  # of the chart, in its own units
LEAST_SPAN_S = 60
UNPAID = "control"
BROKEN_OFF = gettext_noop("The demo has ended without a word. Run `manage.py demo` in a shell: it says why.")

View = Callable[[HttpRequest], HttpResponse]


def for_those_it_is_offered(view: View) -> View:
    @for_admins
    @wraps(view)
    def offered_only(request: HttpRequest) -> HttpResponse:
        if not record.is_offered(box_settings.ENVIRONMENT):
            raise Http404
        return view(request)

    return offered_only


@require_GET
@for_those_it_is_offered
def demo(request: HttpRequest) -> HttpResponse:
    return render(request, "box/demo.html", _context())


@require_GET
@for_those_it_is_offered
def demo_now(request: HttpRequest) -> HttpResponse:
    return render(request, "box/_demo_now.html", _context())


@require_POST
@for_those_it_is_offered
def demo_start(request: HttpRequest) -> HttpResponse:
    record.start(box_settings.ENVIRONMENT.data)
    return redirect("demo")


@require_POST
@for_those_it_is_offered
def demo_stop(request: HttpRequest) -> HttpResponse:
    record.stop(box_settings.ENVIRONMENT.data)
    return redirect("demo")


def _context() -> dict[str, Any]:
    data = box_settings.ENVIRONMENT.data
    runs = record.is_running(data)  # first: what is read then is not older
    story = record.read(data)
    speeds = story.get("speeds", [])
    return {
        "runs": runs,
        "told": story,
        "lines": [line | {"text": told(line["text"])} for line in story.get("lines", [])],
        "waits_for": told(story.get("waits_for", "")),
        "broken_off": _(BROKEN_OFF) if story and not runs and story["state"] == RUNS else "",
        "newest": _newest(speeds[-1]) if speeds else None,
        "chart": _chart(speeds) if len(speeds) > 1 else None,
        "figures": _figures(story.get("figures", {})),
    }


def _newest(speeds: dict[str, Any]) -> dict[str, Any]:
    highest = max(speeds["buyer_bytes_per_s"], speeds["others_bytes_per_s"], 1)
    return {
        "buyer": format_speed(speeds["buyer_bytes_per_s"]),
        "others": format_speed(speeds["others_bytes_per_s"]),
        "buyer_ppm": speeds["buyer_bytes_per_s"] * 1_000_000 // highest,
        "others_ppm": speeds["others_bytes_per_s"] * 1_000_000 // highest,
        "earned": format_btt(speeds["earned_ubtt"]),
    }


def _chart(speeds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    began_s, ended_s = speeds[0]["at_s"], speeds[-1]["at_s"]
    span_s = max(ended_s - began_s, LEAST_SPAN_S)
    highest = max(max(one["buyer_bytes_per_s"], one["others_bytes_per_s"]) for one in speeds) or 1

    def x(at_s: int) -> int:
        return int((at_s - began_s) * WIDTH // span_s)

    def line(name: str) -> str:
        return " ".join(f"{x(one['at_s'])},{HEIGHT - one[name] * HEIGHT // highest}" for one in speeds)

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "buyer": line("buyer_bytes_per_s"),
        "others": line("others_bytes_per_s"),
        "unpaid": [{"x": x(left), "width": max(x(right) - x(left), 1)} for left, right in _unpaid(speeds)],
        "highest": format_speed(highest),
        "seconds": ended_s - began_s,
    }


def _unpaid(speeds: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    """Return from when to when nothing was paid."""
    spans: list[tuple[int, int]] = []
    for one, after in pairwise(speeds):
        if one["auto"] == UNPAID:
            began_s = spans.pop()[0] if spans and spans[-1][1] == one["at_s"] else one["at_s"]
            spans.append((began_s, after["at_s"]))
    return spans


def _figures(found: dict[str, Any]) -> list[tuple[str, str]]:
    if not found:
        return []
    speeds = [(_(label), format_speed(found[f"{name}_bytes_per_s"])) for name, label in PARTS.items()]
    money = {
        _("Spent by the buyer"): "spent_ubtt",
        _("Earned by the seller"): "earned_ubtt",
        _("Kept by the hub"): "fee_ubtt",
    }
    amounts = [(label, f"{format_btt(found[name])} BTT") for label, name in money.items()]
    return [*speeds, (_("Uplift"), told(found["uplift"])), *amounts]
