"""Whether everything that a browser shows can be said in another language: all pages, all forms, all live messages."""

import copy
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve

from seedbox.config.demo import record
from seedbox.models import User
from seedbox.services import columns, live, rows, watchables
from seedbox.services.encoding import encode
from tests import full_box, made_up_language
from tests.builders import let_in
from tests.e2e.gallery import SHOTS
from tests.filled_forms import forms_on
from tests.integration.test_isolation import ROWS, body_of, box, open_as
from tests.made_up_language import english_in, english_on
from tests.owned import SECRET_NAME, Box
from tests.test_tidy import complain

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

    from seedbox.services.rows import Row

__all__ = ["box"]  # the fixture

Said = dict[str, list[str]]  # in English, by who says it

pytestmark = pytest.mark.django_db

OWN = {*full_box.OWN, SECRET_NAME, "because", "ConnectError"}
# Files and answers that machines read.
NOT_READ = {"manifest", "words", "metrics", "healthz", "money_export", "owed_proof", "earnings_csv"}
NOT_READ |= {"earnings_prices_csv", *(name for name in ROWS if name.startswith("hub_"))}
NOT_SENT = {"demo_start", "demo_stop"}  # of processes
# What scripts read of a live message: no person sees it.
FOR_MACHINES = re.compile(r"type|row|list|what|at|level|href|\w*(tone|state)|(can|has)_\w+")


@pytest.fixture(autouse=True)
def made_up() -> Iterator[None]:
    with made_up_language.spoken():
        yield


class TestTheMadeUpLanguage:
    def test_leaves_what_a_sentence_says_to_machines_alone(self) -> None:
        said = made_up_language.in_wide_letters('<a title="7">%(name)s</a> &amp; {most}: %(count)d%% is left')
        assert said.startswith('<a title="7">%(name)s</a> &amp; {most}: %(count)d%% ')
        assert english_on(said % {"name": "Ada", "count": 7}, {"most"}) == ["Ada"]

    @pytest.mark.parametrize(
        "page",
        [
            "<p>Left</p>",
            '<button aria-label="Left">-</button>',
            '<input type="submit" value="Left">',
            '<input placeholder="Left">',
            "<template><b>Left</b></template>",
        ],
    )
    def test_shows_what_was_left_in_english(self, page: str) -> None:
        assert english_on(page) == ["Left"]
        assert english_on(page, {"Left"}) == []
        assert english_on(page.replace("Left", made_up_language.in_wide_letters("Left"))) == []


class TestEveryAddress:
    def test_speaks_the_readers_language_to_who_may_open_it(self, box: Box) -> None:
        found: Said = defaultdict(list)
        for name, row in ROWS.items():
            if name not in NOT_READ:
                person = next((one for one in ("owner", "admin", "anonymous") if getattr(row, one) == 200), "owner")
                with transaction.atomic():
                    found[name] += english_of(open_as(person, name, box))
                    transaction.set_rollback(True)
        complain_of(found)


class TestAFullBox:
    def test_speaks_the_readers_language_on_every_page_and_in_answer_to_every_form(
        self, admin: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        everything, story = full_box.fill(admin), full_box.demo(tmp_path)
        monkeypatch.setattr(record, "is_offered", lambda environment: True)
        monkeypatch.setattr(record, "is_running", lambda data: True)
        monkeypatch.setattr(record, "read", lambda data: story)
        browsers = {"admin": let_in(everything.admin), "newcomer": let_in(everything.newcomer), "anonymous": Client()}
        found: Said = defaultdict(list)
        sent = set[tuple[str, ...]]()
        for shot in SHOTS:
            if shot.who not in browsers:
                continue
            address = shot.address.format(**everything.words)
            response = browsers[shot.who].get(address)
            found[shot.url_name] += english_of(response)
            for form in forms_on(body_of(response), address):
                name = resolve(form.action.partition("?")[0]).url_name or ""
                if name not in NOT_SENT and (known := (name, *form.fields)) not in sent:
                    sent.add(known)
                    for filling in form.fillings():
                        found[name] += english_of(answer(browsers[shot.who], form.action, filling))
        complain_of(found)

    def test_speaks_it_in_live_messages(self, admin: User) -> None:
        everything = full_box.fill(admin)
        found: Said = defaultdict(list)
        for user in (everything.admin, everything.newcomer):
            for kind in watchables._readers:
                for message in watchables.read([kind], user_id=user.pk):
                    found[f"live-{kind}"] += english_in(message, OWN, FOR_MACHINES)
        complain_of(found)

    def test_speaks_it_in_what_nodes_publish(self, admin: User) -> None:
        full_box.fill(admin)
        found: list[Row] = []
        for holding in columns.loaded(full_box.holdings_of(admin)):
            found += [rows.torrent_row(holding), columns.cells(holding), rows.added_row(holding)]
            found += map(rows.log_row, full_box.log_of(holding))
        found += [*live.peer_rows(full_box.SAYS.peers).values(), *map(rows.tracker_row, full_box.SAYS.trackers)]
        complain_of({"rows": [text for row in found for text in english_in(encode(row), OWN, FOR_MACHINES)]})


def complain_of(found: Mapping[str, list[str]]) -> None:
    complain(
        [
            f"{name}: {text[:150]!r} is English whatever its reader speaks: mark it for translation"
            for name, said in sorted(found.items())
            for text in dict.fromkeys(said)
        ]
    )


def english_of(response: "Response") -> list[str]:
    if response.get("Content-Type", "").startswith("application/json"):
        return english_in(body_of(response), OWN, FOR_MACHINES)
    return english_on(body_of(response), OWN)


def answer(browser: Client, action: str, filling: dict[str, str]) -> "Response":
    """Send off a form, and return the page that it leads to; nothing of it stays."""
    sender = copy.copy(browser)
    sender.cookies = copy.deepcopy(browser.cookies)
    with transaction.atomic():
        response = sender.post(action, filling, follow=True)
        transaction.set_rollback(True)
    return response
