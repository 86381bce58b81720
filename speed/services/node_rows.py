"""How nodes take part in the market, as pages and the command line show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from seedbox.domain.kept import told
from seedbox.domain.units import format_bytes, format_speed
from seedbox.services import nodes
from speed.domain.reading import write_percent
from speed.models import Agent, Market, Round
from speed.services import markets
from speed.services.markets import Terms
from wallet.domain.money import format_amount
from wallet.services.install import market_asset

Row = dict[str, str | int]

SILENT_AFTER = timedelta(seconds=15)  # five missed beats
NOT_RUNNING = gettext_noop("The node's market does not run: is the node up?")


@dataclass(frozen=True)
class NodeState:
    """What was decided of a node's market, and how its agent is."""

    name: str
    terms: Terms
    agent: Agent | None

    @property
    def selling_problem(self) -> str:
        """Why nothing is sold although selling is on, in a sentence; "" when it is sold, or is off."""
        if not self.terms.sells:
            return ""
        return told(self.terms.selling_obstacle or (self.agent.selling_problem if self.agent else ""))

    @property
    def buying_problem(self) -> str:
        if not self.terms.buys:
            return ""
        return told(self.terms.obstacle or (self.agent.buying_problem if self.agent else ""))


def node_states(*, now: datetime, only: Iterable[str] | None = None) -> list[NodeState]:
    """Return how each node of the box takes part, by name."""
    names = [node.name for node in nodes.health(now).nodes] if only is None else list(only)
    agents = Agent.objects.in_bulk(names)
    return [NodeState(name, markets.terms_of(name, now=now), agents.get(name)) for name in sorted(names)]


def selling_nodes() -> list[str]:
    """Return the nodes that sell, or have sold something."""
    rounds = Round.objects.filter(node_name=OuterRef("node_name"))
    found = Market.objects.filter(Q(sells=True) | Exists(rounds))
    return list(found.order_by("pk").values_list("pk", flat=True))


def node_row(state: NodeState, *, now: datetime) -> Row:
    """Return the cells of a node."""
    asset, terms = market_asset(), state.terms
    last = Round.objects.filter(node_name=state.name).order_by("-number").first()
    says, tone = _says(state, now)
    return {
        "row": f"market-{state.name}",
        "name": state.name,
        "says": says,
        "tone": tone,
        "buying": _buying(state),
        "buying_tone": "" if not terms.buys else "yellow" if state.buying_problem else "green",
        "for_sale": format_speed(terms.for_sale_bytes_per_s if terms.sells else 0),
        "free": f"{write_percent(terms.free_share_ppm)} %",
        "ask": f"{format_amount(terms.ask_ubtt_per_gib, asset)}/GiB",
        "price": f"{format_amount(last.price_ubtt_per_gib, asset)}/GiB" if last else _("none yet"),
        "granted": format_speed(last.granted_bytes_per_s) if last and _runs(last, now) else format_speed(0),
        "bids": last.bids if last and _runs(last, now) else 0,
        "round": last.number if last else 0,
        "listens": ", ".join(state.agent.listens_on) if state.agent and state.agent.listens_on else _("closed"),
        "mapping": (told(state.agent.port_mapping) if state.agent else "") or _("none"),
    }


def _runs(last: Round, now: datetime) -> bool:
    return last.at > now - timedelta(seconds=25)


def _says(state: NodeState, now: datetime) -> tuple[str, str]:
    """Return how selling stands, in words, and the colour of it."""
    if not state.terms.sells:
        return _("Sells nothing: selling is off."), "secondary"
    if state.selling_problem:
        return state.selling_problem, "yellow"
    agent = state.agent
    if agent is None or agent.beat_at is None or agent.beat_at < now - SILENT_AFTER:
        return _(NOT_RUNNING), "red"
    if agent.problem:
        return told(agent.problem), "red"
    return _("Sells up to %(for_sale_bytes_per_s)s/s.") % {
        "for_sale_bytes_per_s": format_bytes(state.terms.for_sale_bytes_per_s)
    }, "green"


def _buying(state: NodeState) -> str:
    if not state.terms.buys:
        return _("Off")
    return state.buying_problem or _("On")
