"""A supervisor over children that are shell scripts: `python -m tests.integration.tiny_box LOCK NAME=SCRIPT …`."""

import asyncio
import os
import sys
from pathlib import Path

from seedbox.config.console import Console
from seedbox.config.supervisor import Child, Supervisor

STOP_S = 0.5


async def _run(lock: Path, scripts: list[str]) -> int:
    children = [
        Child(name, ("/bin/sh", "-c", script), STOP_S) for name, _, script in (text.partition("=") for text in scripts)
    ]
    console = Console(sys.stdout)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT)
    return await Supervisor(children, environ=os.environ, folder=lock.parent, lock=descriptor, say=console.say).run()


if __name__ == "__main__":
    sys.exit(asyncio.run(_run(Path(sys.argv[1]), sys.argv[2:])))
