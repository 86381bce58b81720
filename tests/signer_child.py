"""A signer that is killed between its store and its answer: `python -m tests.signer_child FOLDER SOCKET`."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.signers import signer_in
from wallet.signer.server import Answer, Peers, Question, Server


class Mortal(Server):
    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        answers = super().answer(questions)
        if any(question.asked.get("ask") == "sign" for question in questions):
            os.kill(os.getpid(), signal.SIGKILL)
        return answers


def main(folder: Path, socket: Path) -> None:
    server = Mortal(signer_in(folder), socket, Peers(os.getuid()))
    asyncio.run(server.run(ready=lambda: print("ready", flush=True)))  # noqa: T201 # its parent waits for this line


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
