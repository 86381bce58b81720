"""Where a Celery worker becomes a node: a step of the worker itself, so that a lost broker does not touch it."""

from functools import partial
from typing import Any

from celery import bootsteps
from django.conf import settings

from seedbox import wiring
from seedbox.node.life import NodeLife, NodeSettings


class NodeStep(bootsteps.StartStopStep):
    """Lives in a worker that serves the queue of this install's node, and in no other."""

    requires = ("celery.worker.components:Pool",)

    def include_if(self, worker: Any) -> bool:
        return f"node.{settings.NODE_NAME}" in worker.app.amqp.queues.consume_from

    def create(self, worker: Any) -> Any:  # celery's types know steps without a service only
        """Return what the worker starts before it looks for its broker, and stops after it has left it."""
        return NodeLife(
            NodeSettings(
                name=settings.NODE_NAME,
                folder=settings.NODE_FOLDER,
                data=settings.DATA_DIR,
                umask=settings.NODE_UMASK,
                redis_url=settings.REDIS_URL,
            ),
            make_engine=partial(
                wiring.make_engine,
                resume_folder=settings.DATA_DIR / f"node-{settings.NODE_NAME}" / "resume",
                downloads_folder=settings.NODE_FOLDER,
                more_folders=tuple(folder.path for folder in settings.NODE_FOLDERS[1:]),
                listen=settings.NODE_LISTEN,
                upload_limit_bytes_per_s=settings.NODE_UPLOAD_LIMIT_BYTES_PER_S,
            ),
            read_torrent_file=wiring.read_torrent_file,
        )
