"""What people are told: once, bounded, each only their own, live on every open page."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.urls import reverse

from seedbox.config import joints
from seedbox.models import Notice, User
from seedbox.models.user import Role
from seedbox.services import notice_kinds, notices, people
from seedbox.services.notices import KEPT, Tiding
from tests.builders import NOW, SOMEWHERE, signed_in
from tests.sockets import browser_of

SECOND = timedelta(seconds=1)


def a_tiding(user: User, number: int = 1, **fields: object) -> Tiding:
    plain = Tiding(
        user_id=user.pk,
        kind="complete",
        key=f"complete/{number}",
        at=NOW + number * SECOND,
        tone="success",
        text=f"Torrent {number} is complete.",
        url_name="health",
    )
    return replace(plain, **fields)  # type: ignore[arg-type]  # of whatever field it is


def texts(user: User) -> list[str]:
    return [notice.text for notice in notices.newest(user.pk)]


@pytest.mark.django_db
class TestATiding:
    def test_is_told_once_however_often_it_is_found(self, owner: User) -> None:
        for _ in range(3):
            notices.tell([a_tiding(owner), a_tiding(owner, 2)])
        assert texts(owner) == ["Torrent 2 is complete.", "Torrent 1 is complete."]

    def test_that_was_let_go_for_newer_ones_is_not_told_again(self, owner: User) -> None:
        many = [a_tiding(owner, number) for number in range(KEPT + 5)]
        for _ in range(2):
            notices.tell(many)
            assert set(Notice.objects.values_list("key", flat=True)) == {tiding.key for tiding in many[5:]}
        notices.tell([a_tiding(owner, KEPT + 5)])
        assert Notice.objects.count() == KEPT

    def test_reaches_nobody_else_and_nobody_who_is_not_here(self, owner: User, stranger: User) -> None:
        gone = replace(a_tiding(owner), user_id=10**6)
        stranger.is_active = False
        stranger.save()
        notices.tell([a_tiding(owner), a_tiding(stranger), gone])
        assert list(Notice.objects.values_list("user", flat=True)) == [owner.pk]

    def test_of_a_kind_that_its_user_does_not_want_is_not_told(self, owner: User, stranger: User) -> None:
        notice_kinds.choose(frozenset({"trouble"}), user_id=owner.pk, is_admin=False)
        notices.tell([a_tiding(owner), a_tiding(owner, 2, kind="trouble"), a_tiding(stranger)])
        assert (len(texts(owner)), len(texts(stranger))) == (1, 1)

    def test_for_admins_is_gone_with_the_right_to_see_it(self, admin: User) -> None:
        notices.tell([a_tiding(admin, kind="nodes"), a_tiding(admin, 2)])
        assert notices.bell(admin.pk).unread == 2
        User.objects.filter(pk=admin.pk).update(role=Role.MEMBER)
        assert texts(admin) == ["Torrent 2 is complete."]
        assert notices.bell(admin.pk).unread == 1

    def test_of_money_is_not_shown_by_a_box_without_a_wallet(self, owner: User) -> None:
        notices.tell([a_tiding(owner, kind="deposits", text="5 BTT came in.")])
        joints.join("off")
        try:
            page = signed_in(owner).get(reverse("notices")).content.decode()
        finally:
            joints.join(settings.WALLET_NETWORK)
        assert "BTT" not in page
        assert "Deposits" not in page
        assert texts(owner) == ["5 BTT came in."]


@pytest.mark.django_db
class TestTheNoticeCentre:
    def test_pages_through_all_of_them_without_a_gap(self, owner: User) -> None:
        notices.tell(a_tiding(owner, number, at=NOW + number // 3 * SECOND) for number in range(120))
        client, address, found = signed_in(owner), reverse("notices"), []
        while address:
            context = client.get(address).context
            found += [notice.key for notice in context["shown"]]
            address = f"{reverse('notices')}?before={context['older']}" if context["older"] else ""
        assert len(found) == 120
        assert len(set(found)) == 120

    def test_leads_to_what_a_notice_is_about(self, owner: User) -> None:
        notices.tell([a_tiding(owner), a_tiding(owner, 2, url_name="no-such-page")])
        second, first = (notice.pk for notice in notices.newest(owner.pk))
        client = signed_in(owner)
        assert client.get(reverse("notice", args=[first])).headers["Location"] == reverse("health")
        assert client.get(reverse("notice", args=[second])).headers["Location"] == reverse("notices")

    def test_has_one_read_by_its_user_only(self, owner: User, stranger: User) -> None:
        notices.tell([a_tiding(owner), a_tiding(owner, 2)])
        first = notices.newest(owner.pk)[1].pk
        assert signed_in(stranger).post(reverse("notice_read", args=[first])).status_code == 404
        assert signed_in(owner).post(reverse("notice_read", args=[first])).status_code == 204
        assert [notice.text for notice in notices.newest(owner.pk, unread=True)] == ["Torrent 2 is complete."]

    def test_marks_all_of_its_user_as_read_and_no_others(self, owner: User, stranger: User) -> None:
        notices.tell([a_tiding(owner), a_tiding(owner, 2), a_tiding(stranger)])
        answer = signed_in(owner).post(reverse("notices_read"), headers={"HX-Request": "true"})
        assert "data-unread" not in answer.content.decode()
        assert (notices.bell(owner.pk).unread, notices.bell(stranger.pk).unread) == (0, 1)
        assert not notices.newest(owner.pk, unread=True)

    def test_offers_an_admins_kinds_to_admins_only_and_keeps_what_is_chosen(self, owner: User, admin: User) -> None:
        assert 'value="nodes"' not in signed_in(owner).get(reverse("notices")).content.decode()
        client = signed_in(admin)
        assert 'value="nodes"' in client.get(reverse("notices")).content.decode()
        client.post(reverse("notices_choose"), {"kinds": ["nodes", "nonsense"]})
        wanted = {kind.name for kind, is_wanted in client.get(reverse("notices")).context["kinds"] if is_wanted}
        assert wanted == {"nodes"}

    @pytest.mark.parametrize("before", ["nonsense", "1-", "-1", f"{10**30}-1", f"1-{10**30}"])
    def test_has_no_page_behind_nonsense(self, owner: User, before: str) -> None:
        assert signed_in(owner).get(reverse("notices"), {"before": before}).status_code == 404


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client")
class TestAnOpenPage:
    def test_hears_of_each_notice_of_its_user_and_of_what_was_read(self, owner: User, stranger: User) -> None:
        async def scenario() -> None:
            async with browser_of(owner) as browser, browser_of(stranger) as other:
                for one in (browser, other):
                    await one.say(watch=["notices"])
                    assert await one.hear() == {"type": "notices", "unread": 0, "newest": 0, "fresh": []}
                await sync_to_async(notices.tell)([a_tiding(owner)])
                told = await browser.hear()
                fresh = {"id": told["newest"], "tone": "success", "text": "Torrent 1 is complete."}
                assert (told["unread"], told["fresh"]) == (1, [fresh])
                await sync_to_async(notices.mark_read)(owner.pk, now=NOW)
                read = await browser.hear()
                assert (read["unread"], read["fresh"], read["newest"]) == (0, [], told["newest"])
                assert await other.hears_nothing()

        play(scenario)

    def test_of_an_admin_who_is_none_any_more_loses_what_only_admins_are_told(self, owner: User, admin: User) -> None:
        owner.role = Role.ADMIN
        owner.save()
        notices.tell([a_tiding(owner), a_tiding(owner, 2, kind="nodes")])

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=["notices"])
                assert (await browser.hear())["unread"] == 2
                await sync_to_async(people.set_role)(user_id=owner.pk, role=Role.MEMBER, origin=SOMEWHERE, now=NOW)
                after = await browser.hear()
                assert [one["text"] for one in after["fresh"]] == ["Torrent 1 is complete."]

        play(scenario)


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(scenario)()
