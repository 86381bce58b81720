"""An open list of torrents learns that it was rendered before the last change: nobody else tells it."""

import re

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import Client

from seedbox.models import User
from tests.builders import make_holding, make_torrent
from tests.sockets import browser_of

VERSION = re.compile(r'id="torrents"[^>]* data-version="([0-9-]+)"')

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


def rendered(client: Client, address: str = "/torrents/") -> str:
    found = VERSION.search(client.get(address).content.decode())
    assert found
    return found[1]


@pytest.mark.both_databases
class TestAListOfTorrents:
    @pytest.mark.parametrize("change", ["comes", "goes", "is replaced"])
    def test_that_changed_before_its_socket_was_open_is_told_to_be_another(
        self, client: Client, owner: User, stranger: User, change: str
    ) -> None:
        first = make_holding(owner, make_torrent("first.iso"))
        client.force_login(owner)
        shown = rendered(client)
        if change != "comes":
            first.delete()
        if change != "goes":
            make_holding(owner, make_torrent("second.iso"))

        async def scenario() -> None:
            async with browser_of(None, client=client) as browser:
                await browser.say(watch=["torrents"])
                told = (await browser.hear())["versions"]["torrents"]
                assert told != shown
                assert told == await sync_to_async(rendered)(client, "/torrents/?q=nothing&state=error")
                await sync_to_async(make_holding)(stranger, await sync_to_async(make_torrent)("theirs.iso"))
                await browser.say(resync=["torrents"])
                assert (await browser.hear())["versions"]["torrents"] == told

        async_to_sync(scenario)()
