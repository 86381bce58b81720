"""What nodes write down, read by people who do not speak English."""

import pytest

from seedbox.domain.folders import missing
from seedbox.domain.kept import kept, kept_counted
from seedbox.domain.states import State
from seedbox.models import LogEntry, Node, Observation, User
from seedbox.services import holdings, networks, nodes, rows
from tests import made_up_language
from tests.builders import NOW
from tests.sources import make_metainfo

pytestmark = pytest.mark.django_db

FULL = "The disk is full (%(free)s free): free space and it goes on by itself."
AWAY = "The disk for '%(name)s' is not there: mount it; it goes on by itself."
wide = made_up_language.in_wide_letters


class TestWhatANodeSays:
    def test_of_a_torrent_is_told_in_the_readers_language(self, owner: User) -> None:
        holding = holdings.add(user=owner, source=make_metainfo(), now=NOW)
        text = kept(FULL, {"free": "12.5 MiB"})
        Observation.objects.create(torrent_id=holding.torrent_id, state=State.DISK, error=text, seen_at=NOW)
        entry = LogEntry.objects.create(torrent_id=holding.torrent_id, at=NOW, level="error", text=text)
        with made_up_language.spoken():
            said = wide(FULL) % {"free": "12.5 MiB"}
            assert rows.torrent_row(holding)["error"] == rows.log_row(entry)["text"] == said

    def test_of_itself_its_folders_and_its_network_is_told_so_too(self) -> None:
        facts = {"blocklist": kept_counted("%(count)s range.", "%(count)s ranges.", 2, {"count": "2"})}
        folder = {"name": "7", "path": "/srv", "is_there": False, "free_bytes": 0, "total_bytes": 0}
        Node.objects.create(
            name="local",
            lease_token="a",
            beat_at=NOW,
            problem=missing("7"),
            folders=[folder | {"problem": missing("7")}],
            network_facts=facts,
            network_answer=missing("7"),
            network_answered_at=NOW,
        )
        with made_up_language.spoken():
            said = wide(AWAY) % {"name": "7"}
            (node,) = nodes.health(NOW).nodes
            assert (node.problem, node.folders[0].problem, node.network.answer) == (said, said, said)
            assert node.network.blocklist == wide("%(count)s ranges.") % {"count": "2"}
            standing = networks.standing(networks.find_node("local"))
            assert (standing.problem, standing.facts["blocklist"]) == (said, node.network.blocklist)

    def test_before_sentences_were_kept_stays_readable(self) -> None:
        text = "The disk is full (12.5 MiB free): free space and it goes on by itself."
        assert rows.log_row(LogEntry(pk=7, at=NOW, level="error", text=text))["text"] == text
