from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from seedbox.models import User
from tests.withdrawals import World, rich


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings) -> None:
    """Name static files as they are (`up` makes the manifest of hashed names), and hash passwords cheaply."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.PASSWORD_HASHERS = ["tests.passwords.QuickArgon2"]


@pytest.fixture
def world(owner: User, tmp_path: Path) -> Iterator[World]:
    """A chain, a signer and a driver of withdrawals; the owner has 1,000 BTT."""
    rich(owner.pk)
    made = World(tmp_path, is_quick=True)
    yield made
    made.signer.close()
