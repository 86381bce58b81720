"""Questions of sockets to the database, over a connection that stays open for a while.

All sockets of a process ask in one thread. Channels' own `database_sync_to_async` closes the connection after each
question, as pages must that come in a thread each; with a thousand open pages, to open it again is most of the work.
"""

import time
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import SyncToAsync
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections

KEPT_S = 60.0

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


class DatabaseSyncToAsync(SyncToAsync[Asked, Found]):
    """Runs a function that asks the database, and keeps its thread's connection if that still works."""

    def thread_handler(self, *args: Any, **kwargs: Any) -> Any:
        connection: Any = connections[DEFAULT_DB_ALIAS]
        was_open = connection.connection is not None
        try:
            return super().thread_handler(*args, **kwargs)  # type: ignore[no-untyped-call]  # of asgiref
        finally:
            if not was_open and connection.connection is not None:
                connection.close_at = time.monotonic() + KEPT_S
                connection.health_check_enabled = True  # before each question: the server may have begun anew
            close_old_connections()


database_sync_to_async = DatabaseSyncToAsync
