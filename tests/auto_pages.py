"""The pages of slow torrents in tests: a slow torrent on a node that buys, and forms as a browser sends them."""

import re

from django.test import Client
from django.urls import reverse

from seedbox.models import Holding, User
from tests.auto_rows import GIB
from tests.builders import make_holding, make_observation, make_torrent
from tests.market import set_market

PAGE = reverse("market_auto")


def slow_torrent_of(owner: User) -> Holding:
    torrent = make_torrent("slow.iso", size_bytes=GIB)
    make_observation(torrent, done_bytes=0, wanted_bytes=GIB, down_bytes_per_s=204_800)
    set_market(buys=True)
    return make_holding(owner, torrent)


def post(browser: Client, name: str, form: dict[str, str], *args: object) -> str:
    return browser.post(reverse(name, args=args), form, follow=True).content.decode()


def page_of(browser: Client, address: str = PAGE) -> str:
    return browser.get(address).content.decode()


def value_of(page: str, field: str) -> str:
    found = re.search(rf'name="{field}"[^>]*value="([^"]*)"', page)
    assert found, f"no field {field}"
    return found[1]
