"""A process of a box's own that does at once what tests ask for: members with logins, payments, and whatever else.

It is started once and stays: each command of its own would start Django anew, which costs seconds.
"""

import json
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from django.conf import settings

from seedbox.models import User
from tests import payer
from tests.box import ROOT
from tests.builders import let_in, make_user

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from playwright.sync_api import Page

    from tests.box import Box


class Login(NamedTuple):
    """What a browser has of somebody who is signed in."""

    cookie: str
    value: str

    def open(self, page: "Page", box: "Box", path: str) -> None:
        """Let this browser be signed in from now on, and open a page."""
        page.context.add_cookies([{"name": self.cookie, "value": self.value, "url": box.url}])
        page.goto(path)


class Insider:
    """Asks that process. Each thing is done when the method returns."""

    def __init__(self, box: "Box") -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "shell", "-c", "from tests import insider; insider.serve()"],
            env=box.env,
            cwd=box.data,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._process.communicate()

    def login_of(self, name: str, *, is_admin: bool = False) -> Login:
        """Return a new login of somebody, who is made first if the box knows nobody of that name."""
        return Login(*self._ask("login", name, is_admin))

    def pay(self, *payments: payer.Payment) -> list[int]:
        """Post these in one batch; return the transfers' ids."""
        return list(self._ask("pay", *payments))

    def ask_to_withdraw(self, name: str, amount: str) -> int:
        return int(self._ask("ask to withdraw", name, amount))

    def halt(self, why: str) -> int:
        return int(self._ask("halt", why))

    def deposit_behind(self, transfer_id: int) -> int:
        return int(self._ask("deposit behind", transfer_id))

    def run(self, program: str) -> str:
        """Run some Python, and return what it prints."""
        return str(self._ask("run", program))

    def _ask(self, *words: object) -> Any:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("done: "):
                return json.loads(line.removeprefix("done: "))
        raise AssertionError(f"the insider has ended over {words}")


def serve() -> None:
    """Be that process."""
    acts: dict[str, Callable[..., object]] = {
        "login": _log_in,
        "pay": _pay,
        "ask to withdraw": payer.ask_to_withdraw,
        "halt": payer.halt,
        "deposit behind": payer.deposit_behind,
        "run": _run,
    }
    for line in sys.stdin:
        act, *words = json.loads(line)
        print(f"done: {json.dumps(acts[act](*words))}", flush=True)  # noqa: T201  # the answer


def _log_in(name: str, is_admin: bool) -> tuple[str, str]:  # read from a line of JSON
    user = User.objects.filter(username=name).first() or make_user(name, admin=is_admin)
    client = let_in(user)
    return settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value


def _pay(*words: tuple[str, str, str, str, str]) -> list[int]:
    return payer.post_all(words)


def _run(program: str) -> str:
    with redirect_stdout(StringIO()) as said:
        exec(program, {})
    return said.getvalue()
