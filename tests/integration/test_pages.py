"""The pages over torrents: the list, adding, changing, a torrent's own page."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from seedbox.domain.metainfo import MAX_TORRENT_FILE_BYTES
from seedbox.domain.states import State
from seedbox.models import File, Holding, LogEntry, Node, User
from seedbox.services.listing import FILES_PAGE_SIZE
from seedbox.web.adding import MAX_ITEMS
from seedbox.web.torrent import TABS
from tests.builders import NOW, make_content, make_holding, make_observation, make_torrent, make_torrent_file

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

MAGNET = "magnet:?xt=urn:btih:" + "c" * 40 + "&dn=Some+film"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def page(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def torrent_file(folder: Path, name: str = "film.mkv") -> SimpleUploadedFile:
    make_content(folder, {name: 40_000})
    return SimpleUploadedFile(f"{name}.torrent", make_torrent_file(folder / name))


def add(page: Client, *files: SimpleUploadedFile, headers: dict[str, str] = HTMX, **form: str) -> "Response":
    form = {"magnets": "", "start": "on", **form}
    return page.post(reverse("torrents_add"), {"files": list(files), **form}, headers=headers)


def text(response: "Response") -> str:
    return response.content.decode()


class TestTheList:
    def test_tells_who_holds_nothing_what_to_do(self, page: Client) -> None:
        assert "Add your first torrent" in text(page.get(reverse("torrents")))

    def test_shows_how_a_torrent_stands(self, page: Client, owner: User) -> None:
        torrent = make_torrent("debian.iso", files=[("debian.iso", 4_000_000)])
        make_observation(torrent, done_bytes=1_000_000, down_bytes_per_s=500_000, peers=3, seeds=1)
        holding = make_holding(owner, torrent)
        content = text(page.get(reverse("torrents")))
        assert f'data-row="holding-{holding.pk}"' in content
        for figure in ("debian.iso", "Downloading", "25.0 %", "3.81 MiB", "488 KiB/s", "6 s", "3 (1 seed)"):
            assert f">{figure}<" in content

    def test_escapes_what_strangers_named(self, page: Client, owner: User) -> None:
        torrent = make_torrent(HOSTILE, files=[(f"folder {HOSTILE}/{HOSTILE}", 10)])
        make_observation(torrent, state=State.ERROR, error=HOSTILE)
        holding = make_holding(owner, torrent, trackers=[f"http://{HOSTILE}/"])
        LogEntry.objects.create(torrent=torrent, at=NOW, level="error", text=HOSTILE)
        pages = [reverse("torrents"), reverse("torrents_fragment"), f"{reverse('torrents')}?q={HOSTILE}"]
        pages += [f"{reverse('torrent', args=[holding.pk])}?tab={tab}" for tab in TABS]
        for address in pages:
            content = text(page.get(address))
            assert "<script>alert" not in content
            assert "<img" not in content

    def test_comes_as_a_part_for_htmx(self, page: Client) -> None:
        content = text(page.get(reverse("torrents_fragment"), headers=HTMX))
        assert "<html" not in content
        assert 'id="torrents"' in content

    def test_puts_a_search_into_the_address(self, page: Client) -> None:
        headers = {**HTMX, "HX-Source": "form#search-form"}
        response = page.get(reverse("torrents_fragment"), {"q": "a b", "state": "seeding"}, headers=headers)
        assert response.headers["HX-Replace-Url"] == "/torrents/?q=a+b&state=seeding"

    @pytest.mark.parametrize("query", ["?page=7&sort=x&state=y&q=%00%FF", "?page=0", "?sort=-name&dir=1"])
    def test_bears_any_address(self, page: Client, query: str) -> None:
        assert page.get(reverse("torrents") + query).status_code == 200


class TestAdding:
    def test_takes_several_files_and_magnets_in_one_go(self, page: Client, owner: User, tmp_path: Path) -> None:
        files = [torrent_file(tmp_path / "1", "one.iso"), torrent_file(tmp_path / "2", "two.iso")]
        response = add(page, *files, magnets=f"\n {MAGNET} \n\n")
        assert "3 torrents were added." in text(response)
        assert owner.holdings.filter(runs=True).count() == 3

    def test_names_each_bad_item_and_takes_the_good_ones(self, page: Client, owner: User, tmp_path: Path) -> None:
        web_page = SimpleUploadedFile("sign-in.torrent", b"<!doctype html><title>Sign in</title>")
        empty = SimpleUploadedFile("empty.torrent", b"")
        large = SimpleUploadedFile("large.torrent", b"d" * (MAX_TORRENT_FILE_BYTES + 1))
        response = add(page, torrent_file(tmp_path), web_page, empty, large, magnets=f"{HOSTILE}\nmagnet:?dn=x")
        content = text(response)
        assert response.status_code == 200
        assert content.count('data-kind="failed"') == 5
        for label in ("sign-in.torrent", "empty.torrent", "large.torrent", "magnet:?dn=x", "larger than 10 MiB"):
            assert label in content
        assert "<script>alert" not in content
        assert [holding.torrent.name for holding in owner.holdings.select_related("torrent")] == ["film.mkv"]

    def test_of_the_same_torrent_twice_says_so_and_leads_to_it(self, page: Client, owner: User, tmp_path: Path) -> None:
        add(page, torrent_file(tmp_path))
        content = text(add(page, torrent_file(tmp_path)))
        assert "You already have this torrent" in content
        assert reverse("torrent", args=[owner.holdings.get().pk]) in content

    def test_can_leave_a_torrent_stopped(self, page: Client, owner: User) -> None:
        add(page, magnets=MAGNET, start="")
        assert not owner.holdings.get().runs

    def test_of_nothing_says_what_is_missing(self, page: Client) -> None:
        assert "Choose a torrent file, or paste a magnet link." in text(add(page))

    def test_of_too_many_at_once_adds_none(self, page: Client, owner: User) -> None:
        magnets = "\n".join(f"magnet:?xt=urn:btih:{number:040x}" for number in range(MAX_ITEMS + 1))
        assert "At most 100 torrents at once" in text(add(page, magnets=magnets))
        assert not owner.holdings.exists()

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_of_too_many_files_is_answered_with_a_sentence(self, page: Client, headers: dict[str, str]) -> None:
        files = [SimpleUploadedFile(f"{number}.torrent", b"x") for number in range(MAX_ITEMS + 1)]
        response = page.post(reverse("torrents_add"), {"files": files}, headers=headers)
        assert response.status_code == 400
        assert "Add at most 100 torrent files in one go." in text(response)

    def test_of_too_much_text_is_answered_with_a_sentence(self, page: Client) -> None:
        response = add(page, magnets="m" * 2_000_000)
        assert response.status_code == 413
        assert "Add the magnet links in several steps." in text(response)

    def test_works_without_scripts(self, page: Client, tmp_path: Path) -> None:
        content = text(add(page, torrent_file(tmp_path), magnets="nonsense", headers={}))
        assert "<html" in content
        assert "film.mkv" in content
        assert "nonsense" in content


class TestChanging:
    @pytest.fixture
    def holding(self, owner: User) -> Holding:
        return make_holding(owner)

    def change(self, page: Client, verb: str, *ids: object, **form: str) -> "Response":
        response = page.post(reverse("torrents_change"), {"verb": verb, "ids": list(ids), **form}, headers=HTMX)
        return response

    def test_stops_and_starts_several_and_says_so(self, page: Client, owner: User, holding: Holding) -> None:
        other = make_holding(owner, make_torrent("other"))
        response = self.change(page, "stop", holding.pk, other.pk)
        assert "2 torrents stopped." in text(response)
        assert "box:changed" in response.headers["HX-Trigger"]
        assert owner.holdings.filter(runs=True).count() == 0
        assert "Torrent started." in text(self.change(page, "start", holding.pk))
        assert owner.holdings.filter(runs=True).count() == 1

    def test_asks_for_a_recheck(self, page: Client, holding: Holding) -> None:
        self.change(page, "recheck", holding.pk)
        holding.torrent.refresh_from_db()
        assert holding.torrent.recheck_count == 1

    def test_removes_from_the_list_and_leads_away_from_its_page(
        self, page: Client, owner: User, holding: Holding
    ) -> None:
        response = self.change(page, "remove", holding.pk, **{"from": "torrent"})
        assert response.headers["HX-Redirect"] == reverse("torrents")
        assert not owner.holdings.exists()
        assert "Torrent removed." in text(page.get(reverse("torrents")))

    @pytest.mark.parametrize("ids", [[], ["x"], ["-1"], ["9" * 30], ["0"], ["٣"]])
    def test_of_what_is_not_there_is_refused(self, page: Client, ids: list[str]) -> None:
        response = self.change(page, "stop", *ids)
        assert response.status_code == 404
        assert 'data-tone="danger"' in text(response)

    def test_knows_four_verbs(self, page: Client, holding: Holding) -> None:
        assert self.change(page, "explode", holding.pk).status_code == 400


class TestATorrentsPage:
    def test_shows_files_in_their_folders_and_where_to_save_them(self, page: Client, owner: User) -> None:
        torrent = make_torrent("album", files=[("album/1.flac", 100), ("album/2.flac", 100), ("album/art/a.png", 9)])
        File.objects.filter(torrent=torrent, index=0).update(done_bytes=100)
        holding = make_holding(owner, torrent)
        content = text(page.get(reverse("torrent", args=[holding.pk])))
        assert content.count("folder-row") == 2
        assert reverse("download", args=[holding.pk, 0]) in content
        assert f'data-row="file-{holding.pk}-0" data-complete="1"' in content
        assert f'data-row="file-{holding.pk}-1" data-complete="0"' in content

    def test_cuts_many_files_into_pages(self, page: Client, owner: User) -> None:
        torrent = make_torrent("many", files=[(f"many/{number}", 1) for number in range(FILES_PAGE_SIZE + 1)])
        address = reverse("torrent", args=[make_holding(owner, torrent).pk])
        assert text(page.get(address)).count('data-row="file-') == FILES_PAGE_SIZE
        assert text(page.get(f"{address}?page=2")).count('data-row="file-') == 1

    def test_shows_only_this_holders_trackers_and_log(self, page: Client, owner: User, stranger: User) -> None:
        torrent = make_torrent()
        make_holding(stranger, torrent, trackers=["http://tracker.example/sams-passkey"])
        holding = make_holding(owner, torrent, trackers=["http://tracker.example/olgas"])
        LogEntry.objects.create(torrent=torrent, at=NOW - timedelta(hours=1), level="info", text="before olga came")
        LogEntry.objects.create(torrent=torrent, at=NOW, level="info", text="olga's own")
        address = reverse("torrent", args=[holding.pk])
        pages = "".join(text(page.get(f"{address}?tab={tab}")) for tab in ("trackers", "log", "details"))
        assert "olgas" in pages
        assert "olga&#x27;s own" in pages
        assert "passkey" not in pages
        assert "before" not in pages

    def test_offers_a_magnet_link_unless_the_torrent_is_private(self, page: Client, owner: User) -> None:
        public = make_holding(owner, make_torrent("public"), trackers=["http://t.example/?a=1&b"])
        private = make_holding(owner, make_torrent("private", private=True))
        topic = f"magnet:?xt=urn:btih:{public.torrent.info_hash_v1}"
        assert f"{topic}&amp;dn=public&amp;tr=http%3A%2F%2Ft.example%2F%3Fa%3D1%26b" in text(
            page.get(f"{reverse('torrent', args=[public.pk])}?tab=details")
        )
        assert "magnet:" not in text(page.get(f"{reverse('torrent', args=[private.pk])}?tab=details"))

    def test_never_tells_where_on_the_server_it_lies(self, page: Client, owner: User) -> None:
        holding = make_holding(owner)
        address = reverse("torrent", args=[holding.pk])
        for tab in TABS:
            assert holding.torrent.save_path not in text(page.get(f"{address}?tab={tab}"))

    def test_has_no_other_tabs(self, page: Client, owner: User) -> None:
        assert page.get(f"{reverse('torrent', args=[make_holding(owner).pk])}?tab=../x").status_code == 404


class TestTheListWhileANodeIsInTrouble:
    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({"problem": "", "lease_token": "t"}, ""),
            ({"problem": "The disk is full.", "lease_token": "t"}, "The node local is not well."),
            ({"problem": "", "lease_token": ""}, "The node local does not run."),
        ],
    )
    def test_says_so_without_the_details(self, page: Client, fields: dict[str, str], sentence: str) -> None:
        Node.objects.update_or_create(name="local", defaults={"beat_at": timezone.now(), **fields})
        shown = page.get(reverse("torrents")).content.decode()
        assert sentence in shown
        assert ("See its health" in shown) == bool(sentence)
        assert "The disk is full." not in shown
