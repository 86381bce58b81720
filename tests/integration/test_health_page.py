"""How the box is: to people on a page, to machines as JSON."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from seedbox.models import Node, User
from tests.builders import make_node

pytestmark = pytest.mark.django_db


def live_node(**fields: object) -> Node:
    node = make_node()
    alive = {"beat_at": timezone.now(), "lease_token": "t", "free_bytes": 5 * 1024**3, "total_bytes": 8 * 1024**3}
    Node.objects.filter(pk=node.pk).update(**alive | fields)
    return node


def page_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get(reverse("health")).content.decode()


class TestThePage:
    def test_says_that_all_is_well(self, owner: User) -> None:
        live_node()
        assert "All is well" in page_of(owner)

    def test_shows_members_what_is_wrong_but_nothing_of_the_machine(self, owner: User) -> None:
        live_node(problem="The disk is full.", folder="/srv/secret", listens_on=["192.0.2.7:6881"])
        page = page_of(owner)
        assert "Something is wrong" in page
        assert "The disk is full." in page
        assert "/srv/secret" not in page
        assert "192.0.2.7" not in page

    def test_shows_admins_everything(self, admin: User) -> None:
        live_node(folder="/srv/torrents", listens_on=["192.0.2.7:6881"])
        page = page_of(admin)
        for detail in ("/srv/torrents", "192.0.2.7:6881", "5.00 GiB free of 8.00 GiB"):
            assert detail in page

    def test_names_what_a_node_counts_and_writes_it_with_its_unit(self, admin: User) -> None:
        best = {"best_upload_bytes_per_s": 3 * 1024**2, "best_upload_at_s": 1_700_000_000}
        live_node(counters={"of_a_newer_node": 8, "unknown:odd_alert": 1, "alerts_dropped": 4_100, **best})
        words = re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page_of(admin).partition("Counters</summary>")[2])
        assert words == [
            ("Fastest upload of the last week", "3.00 MiB/s"),
            ("When that was", "2023-11-14 22:13 UTC"),
            ("Messages of the engine that were lost", "4,100"),
            ("of_a_newer_node", "8"),
            ("Messages of the engine that are not known: odd_alert", "1"),
        ]


class TestHealthz:
    def test_is_200_when_all_is_well(self) -> None:
        live_node()
        response = Client().get(reverse("healthz"))
        assert (response.status_code, response.json()["well"]) == (200, True)

    def test_is_503_and_says_which_part_fails(self, settings: Settings) -> None:
        live_node(beat_at=None)
        settings.REDIS_URL = "unix:///nowhere/redis.sock"
        response = Client().get(reverse("healthz"))
        assert response.status_code == 503
        assert response.json() == {
            "well": False,
            "database": True,
            "redis": False,
            "nodes": [{"name": settings.NODE_NAME, "alive": False, "well": False, "beat_age_s": None}],
        }

    def test_tells_no_secrets(self) -> None:
        live_node()
        body = Client().get(reverse("healthz")).content.decode()
        assert str(settings.NODE_FOLDER) not in body
        assert settings.REDIS_URL not in body
