"""Asks a person for secrets: hidden at a terminal, else one line of the input each. Never as an argument."""

import getpass
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from django.core.management.base import CommandError

from wallet.signer.protocol import MOST_PASSPHRASE_BYTES
from wallet.signer.secret import Secret

PASSPHRASE_CHARACTERS = 12
MOST_BYTES = 4_096
WORDS_CHECKED = 3
TRIES = 3


def ask(prompt: str) -> str:
    """Return what a person types, which is not shown."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline(MOST_BYTES)
    if not line:
        raise CommandError("the input has ended before everything was answered: nothing was changed")
    return line.rstrip("\r\n")


def read_line(path: Path) -> str:
    """Return the only line of a file."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandError(f"{path} can't be read ({problem})") from None
    if len(text.splitlines()) != 1 or len(text) > MOST_BYTES:
        raise CommandError(f"{path} must have one line, and nothing else")
    return text.rstrip("\r\n")


def old_passphrase(path: Path | None, what: str) -> Secret:
    return Secret((read_line(path) if path else ask(f"Passphrase of {what}: ")).encode())


def new_passphrase(path: Path | None, what: str) -> Secret:
    """Return a passphrase for something new, typed twice unless it is in a file."""
    text = read_line(path) if path else ask(f"New passphrase for {what}: ")
    if len(text) < PASSPHRASE_CHARACTERS:
        raise CommandError(f"a passphrase has {PASSPHRASE_CHARACTERS} characters or more: nothing was changed")
    if len(text.encode()) > MOST_PASSPHRASE_BYTES:
        raise CommandError(f"a passphrase has up to {MOST_PASSPHRASE_BYTES} bytes: nothing was changed")
    if path is None and ask("The same again: ") != text:
        raise CommandError("the two are not the same: nothing was changed")
    return Secret(text.encode())


def check_back(words: list[str], *, say: Callable[[str], None]) -> None:
    """Ask for some of the words that were shown; raises CommandError when they don't come."""
    places = sorted(secrets.SystemRandom().sample(range(len(words)), WORDS_CHECKED))
    for _ in range(TRIES):
        if all(ask(f"Word {place + 1}: ").strip().lower() == words[place] for place in places):
            return
        say("That is not the word. Look at what you have written down.")
    raise CommandError("the words were not written down: nothing was made, and these words are worth nothing")


def confirm_end(address: str) -> None:
    """Let a person read an address to its end; raises CommandError when the end they type is another."""
    if ask(f"The hot address is {address}. Type its last six characters: ").strip() != address[-6:]:
        raise CommandError("that is not how the address ends: nothing was changed")
