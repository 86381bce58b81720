"""The seedbox's tasks. Each is only a nudge."""

from celery import shared_task

from seedbox.services import nudge


@shared_task(name=nudge.TASK_NAME, ignore_result=True)
def reconcile_node(*, node_name: str) -> None:
    """Make the node look at the database now. The queue is `node.<name>`, so the sender names it."""
    nudge.hear(node_name)
