"""People who come without a browser: signed in over HTTP, with sockets of their own."""

import re
from typing import TYPE_CHECKING

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

if TYPE_CHECKING:
    from tests.box import Box

PATIENCE_S = 30.0
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def signed_in(box: "Box", name: str = "", password: str = "", *, agent: str = "") -> httpx.Client:
    """Return a client with a login; whoever asked closes it."""
    client = httpx.Client(base_url=box.url, timeout=PATIENCE_S, follow_redirects=True)
    if agent:
        client.headers["User-Agent"] = agent
    page = client.get("/accounts/login/")
    client.post(
        page.url,
        data={
            "login": name or box.admin_user,
            "password": password or box.admin_password,
            "csrfmiddlewaretoken": token_of(page),
        },
        headers={"Origin": box.url, "Referer": str(page.url)},
    )
    assert client.get("/").url.path != page.url.path, "nobody is signed in"
    client.headers.update({"Origin": box.url, "X-CSRFToken": token_of(client.get("/"))})
    return client


def token_of(page: httpx.Response) -> str:
    found = _TOKEN.search(page.text)
    assert found, f"no form in {page.url}"
    return found[1]


def cookies_of(client: httpx.Client) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)


def socket(box: "Box", client: httpx.Client, *, origin: str | None = "") -> connect:
    """Return a live socket of this login, to be entered; `origin` "" is the box's own, None is none."""
    where = box.url if origin == "" else origin
    return connect(
        f"ws://localhost:{box.port}/live/",
        additional_headers={"Cookie": cookies_of(client)},
        origin=Origin(where) if where is not None else None,
        open_timeout=PATIENCE_S,
        close_timeout=1,
        max_queue=None,
    )


async def close_code(page: ClientConnection) -> int:
    """Wait for the box to end it, and return why."""
    await page.wait_closed()
    return page.close_code or 0
