from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from seedbox.models import User
from tests.buying import MIB, Stall, Taker
from tests.hubs import BUYER, SELLER, THEN
from tests.ledger import BTT, fund, user
from tests.selling import Shop
from tests.signers import found_signer
from tests.withdrawals import World, rich
from wallet.services import speed_keys
from wallet.signer.signer import Signer


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


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[Signer]:
    signer = found_signer(tmp_path)
    yield signer
    signer.close()


@pytest.fixture
def bound(owner: User) -> str:
    """Olga has 10 BTT, and lets a node spend 6 a day; a node of ours earns. Return her account."""
    fund(user(owner.pk), 10 * BTT)
    speed_keys.bind_user(owner.pk, BUYER, daily_limit_ubtt=6 * BTT, now=THEN)
    speed_keys.bind_node(1, SELLER, now=THEN)
    return str(owner.pk)


@pytest.fixture
def shop(owner: User) -> Shop:
    return Shop(owner)


@pytest.fixture
def taker(owner: User) -> Taker:
    return Taker(owner)


@pytest.fixture
def stall(taker: Taker) -> Stall:
    """A seller that has granted a lane and sent 8 MiB or so."""
    taker.bid()
    stall = Stall(1)
    taker.connect(stall)
    taker.run(6, stall)
    assert stall.sent > 4 * MIB
    return stall
