"""What the operator's page and /metrics are made of: each app's part, as this box needs it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from seedbox.domain.exposition import Metric, Sample
from seedbox.domain.units import format_count
from seedbox.services import gauges as box_gauges
from seedbox.services import machine_rows, metrics, people_rows, watchables
from seedbox.web import metrics as web_metrics
from seedbox.web import operator, operator_sections
from seedbox.web.operator_sections import Row, Section
from speed.services import gauges as market_gauges
from wallet.services import gauges as money_gauges
from wallet.services import operator_rows as money

MONEY, MARKET = "money", "market"  # of what is counted
SECTIONS = ("solvency", "halts", "withdrawals", "fees", "nodes", "folders", "queues", "tasks", "users", "audit")


def join(wallet_network: str) -> None:
    """Offer the page and the metrics; without a wallet there is no money on either."""
    for key in SECTIONS:
        operator_sections.forget(key)  # so that they come in this order, also when a test joins anew
    metrics.register("box", box_gauges.metrics)
    metrics.register("web", web_metrics.of_this_process)
    watchables.register(operator.WATCHED, operator.follow, for_admins=True)
    operator.told.forget()
    if wallet_network == "off":
        for key in (MONEY, MARKET):
            metrics.forget(key)
    else:
        metrics.register(MONEY, _count_money)
        metrics.register(MARKET, market_gauges.metrics)
        for section in _of_money():
            operator_sections.register(section)
    for section in (*_of_machines(), *_of_people()):
        operator_sections.register(section)


def _count_money(now: datetime) -> Iterator[Metric]:
    for one in money_gauges.gauges(now):
        yield Metric(f"seedbox_{one.name}", "gauge", one.meaning, [Sample(*sample) for sample in one.samples])


def _of_money() -> Sequence[Section]:
    return (
        Section(
            key="solvency",
            title=gettext_lazy("Solvency"),
            template="wallet/_operator_solvency.html",
            rows=money.solvency_rows,
            leads_to="reserves",
            label=gettext_lazy("Reserves"),
            glance=_solvency_glance,
        ),
        Section(
            key="halts",
            title=gettext_lazy("Halts"),
            template="wallet/_operator_halts.html",
            rows=money.halt_rows,
            leads_to="reserves",
            label=gettext_lazy("Lift or stop"),
            empty=gettext_lazy("None: withdrawals go out."),
            glance=_halts_glance,
            sixths=2,
        ),
        Section(
            key="withdrawals",
            title=gettext_lazy("Withdrawals"),
            template="wallet/_operator_withdrawals.html",
            rows=money.withdrawal_rows,
            leads_to="desk",
            label=gettext_lazy("Desk"),
            sixths=2,
        ),
        Section(
            key="fees",
            title=gettext_lazy("Fees this month"),
            template="wallet/_operator_fees.html",
            rows=money.fee_rows,
            leads_to="books",
            label=gettext_lazy("Books"),
            sixths=2,
        ),
    )


def _of_machines() -> Sequence[Section]:
    return (
        Section(
            key="nodes",
            title=gettext_lazy("Nodes"),
            template="seedbox/_operator_nodes.html",
            rows=machine_rows.node_rows,
            leads_to="health",
            label=gettext_lazy("Health"),
            empty=gettext_lazy("No node has ever started."),
            glance=_nodes_glance,
        ),
        Section(
            key="folders",
            title=gettext_lazy("Disks"),
            template="seedbox/_operator_folders.html",
            rows=machine_rows.folder_rows,
            leads_to="health",
            label=gettext_lazy("Folders"),
            empty=gettext_lazy("No node has told of its folders yet."),
            glance=_folders_glance,
            sixths=4,
        ),
        Section(
            key="queues",
            title=gettext_lazy("Queues"),
            template="seedbox/_operator_queues.html",
            rows=machine_rows.queue_rows,
            leads_to="health",
            label=gettext_lazy("Health"),
            empty=gettext_lazy("No worker has ever started."),
            glance=_queues_glance,
            sixths=2,
        ),
        Section(
            key="tasks",
            title=gettext_lazy("Tasks"),
            template="seedbox/_operator_tasks.html",
            rows=machine_rows.task_rows,
            empty=gettext_lazy("No worker has run a task yet."),
            glance=_tasks_glance,
        ),
    )


def _of_people() -> Sequence[Section]:
    return (
        Section(
            key="users",
            title=gettext_lazy("Users by use"),
            template="seedbox/_operator_users.html",
            rows=people_rows.user_rows,
            leads_to="people",
            label=gettext_lazy("All people"),
        ),
        Section(
            key="audit",
            title=gettext_lazy("Audit log"),
            template="seedbox/_operator_audit.html",
            rows=people_rows.audit_rows,
            leads_to="audit",
            label=gettext_lazy("Whole log"),
            empty=gettext_lazy("Nothing has happened yet."),
        ),
    )


def _worst(rows: Sequence[Row]) -> str:
    tones = {str(row["tone"]) for row in rows}
    return next((tone for tone in ("red", "yellow", "green") if tone in tones), "secondary")


def _glance(value: str, note: str, tone: str) -> Row:
    return {"value": value, "note": note, "tone": tone}


def _solvency_glance(rows: Sequence[Row]) -> Row:
    apart = [row for row in rows if row["tone"] == "red"]
    if apart:
        return _glance(_("Differs"), ", ".join(str(row["unit"]) for row in apart), "red")
    if old := [row for row in rows if row["tone"] == "yellow"]:
        return _glance(_("Difference 0"), _("Last compared %(at)s") % {"at": old[0]["compared"]}, "yellow")
    if not any(row["tone"] == "green" for row in rows):
        return _glance(_("Not known yet"), _("Nothing was compared yet"), "secondary")
    return _glance(_("Difference 0"), _("Chain and books agreed when last compared"), "green")


def _halts_glance(rows: Sequence[Row]) -> Row:
    if not rows:
        return _glance(_("None"), _("Withdrawals go out"), "green")
    return _glance(f"{len(rows)}", str(rows[0]["reason"]), "red")


def _nodes_glance(rows: Sequence[Row]) -> Row:
    well = sum(row["tone"] == "green" for row in rows)
    value = _("%(well)s of %(all)s well") % {"well": well, "all": len(rows)}
    bad = ", ".join(str(row["name"]) for row in rows if row["tone"] != "green")
    return _glance(value, bad or _("All beat"), _worst(rows) if rows else "yellow")


def _folders_glance(rows: Sequence[Row]) -> Row:
    if not rows:
        return _glance(_("Not known yet"), "", "secondary")
    fullest = max(rows, key=lambda row: int(row["used_ppm"]))
    value = _("%(free)s free") % {"free": fullest["free"]}
    return _glance(value, f"{fullest['node']}, {fullest['name']}", _worst(rows))


def _queues_glance(rows: Sequence[Row]) -> Row:
    known = [row for row in rows if row["tone"] != "secondary"]
    if len(known) < len(rows) or not rows:
        return _glance(_("Unknown"), _("Redis does not answer") if rows else "", "yellow" if rows else "secondary")
    waiting = sum(int(row["waiting"]) for row in known)
    text = ngettext("%(n)s message", "%(n)s messages", waiting) % {"n": format_count(waiting)}
    return _glance(text, _("waiting"), _worst(rows))


def _tasks_glance(rows: Sequence[Row]) -> Row:
    if not rows:
        return _glance(_("None yet"), "", "secondary")
    note = _("took %(name)s at most within the hour") % {"name": rows[0]["name"]}
    return _glance(str(rows[0]["slowest"]), note, _worst(rows))
