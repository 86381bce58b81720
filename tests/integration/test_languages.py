"""The language and the direction that a reader's browser asks for."""

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import translation

from seedbox.domain import language as seedbox_language
from seedbox.models import User
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
        assert '<html lang="en">' in sign_in_page("ar, en;q=0.5")

    @pytest.mark.usefixtures("two_languages")
    def test_run_from_the_right_where_they_do(self, owner: User) -> None:
        assert '<html lang="ar" dir="rtl">' in sign_in_page("ar, en;q=0.5")
        assert '<html lang="en">' in sign_in_page("en, ar;q=0.5")

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
