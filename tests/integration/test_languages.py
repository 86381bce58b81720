"""The language and the direction that a reader's browser asks for."""

from collections.abc import Iterator
from functools import partial

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import trans_real

from seedbox.domain import language as seedbox_language
from seedbox.domain.states import State
from seedbox.models import User
from seedbox.services import notices, readers
from seedbox.services.live import Publisher
from seedbox.services.notices import Tiding
from tests.builders import NOW, make_holding, make_observation, make_torrent, signed_in
from tests.sockets import browser_of
from wallet.domain import language as wallet_language

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_languages() -> Iterator[None]:
    """Have Arabic beside English; Django chooses once in a process whether it translates at all."""
    chosen: dict[str, object] = vars(vars(translation)["_trans"])
    with override_settings(LANGUAGES=[("en", "English"), ("ar", "Arabic")], USE_I18N=True):
        chosen.clear()
        yield
    translation.deactivate()
    chosen.clear()


def sign_in_page(asked_for: str) -> str:
    return Client().get(reverse("account_login"), headers={"Accept-Language": asked_for}).content.decode()


class TestLanguages:
    def test_of_a_page_are_english_whatever_is_asked_for_while_there_is_no_other(self, owner: User) -> None:
        assert '<html lang="en" data' in sign_in_page("ar, en;q=0.5")

    @pytest.mark.usefixtures("two_languages")
    def test_run_from_the_right_where_they_do(self, owner: User) -> None:
        assert '<html lang="ar" dir="rtl"' in sign_in_page("ar, en;q=0.5")
        assert '<html lang="en" data' in sign_in_page("en, ar;q=0.5")

    @pytest.mark.usefixtures("two_languages")
    def test_but_english_bring_a_catalogue_for_the_scripts(self, owner: User) -> None:
        script = f'<script src="{reverse("words")}"></script>'
        assert script in sign_in_page("ar")
        assert script not in sign_in_page("en")
        answer = Client().get(reverse("words"), headers={"Accept-Language": "ar"})
        assert answer["Content-Type"].startswith("text/javascript")
        assert "globals.ngettext" in answer.content.decode()

    @pytest.mark.usefixtures("two_languages")
    def test_are_spoken_by_errors_of_the_domain_too(self) -> None:
        with translation.override("ar"):
            assert seedbox_language.said("Yes") == wallet_language.said("Yes") == translation.gettext("Yes") != "Yes"

    @pytest.mark.usefixtures("two_languages")
    def test_are_counted_in_by_the_domain_too(self) -> None:
        for language in (seedbox_language, wallet_language):
            assert [language.counted("%(num)d year", "%(num)d years", number) for number in (0, 1, 2)] == [
                "%(num)d years",
                "%(num)d year",
                "%(num)d years",
            ]
            with translation.override("ar"):
                said = {language.counted("%(num)d year", "%(num)d years", number) for number in (1, 2, 3)}
                assert len(said) == 3

    @pytest.mark.usefixtures("two_languages")
    def test_of_a_user_are_kept_for_what_is_written_where_nobody_asks(self, owner: User) -> None:
        browser = signed_in(owner)
        for asked_for in ("ar", "en", "ar"):
            browser.get(reverse("overview"), headers={"Accept-Language": asked_for})
            manner = readers.of_users([owner.pk])[owner.pk]
            assert manner.language == asked_for
            with readers.written_for(manner):
                assert translation.get_language() == asked_for
        text = partial(translation.gettext, "Yes")
        notices.tell([Tiding(user_id=owner.pk, kind="complete", key="1", at=NOW, tone="info", text=text)])
        with translation.override("ar"):
            assert [notice.text for notice in notices.newest(owner.pk)] == [text()] != ["Yes"]


# Channels closes a connection that is inside a transaction, so the tests must not be.
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client", "two_languages")
class TestALiveSocket:
    def test_speaks_its_user_s_language_whoever_writes(self, owner: User) -> None:
        readers.note_language("ar", user_id=owner.pk)
        owner.refresh_from_db()
        holding = make_holding(owner, make_torrent(size_bytes=1000))
        make_observation(holding.torrent, state=State.DOWNLOADING)
        publisher = Publisher(redis_url=settings.REDIS_URL)
        name = f"holding-{holding.pk}"

        def tick() -> None:
            publisher.watched(NOW)
            publisher.publish_rows([holding])

        async def scenario() -> None:
            async with browser_of(owner) as browser:
                await browser.say(watch=[name])
                of_database = await browser.hear()
                await sync_to_async(tick)()
                of_node = await browser.hear()
                for heard in (of_database, of_node):
                    assert heard["rows"][name]["kind"] == "In Arabic"

        vars(trans_real.translation("ar"))["_catalog"]["Public"] = "In Arabic"  # which this project does not know yet
        async_to_sync(scenario)()
        publisher.close()
