import io

import pytest
from django.core.management import call_command

from seedbox.config import licences
from seedbox.config.licences import COMMANDS_OF_TESTS, READ_BY_HAND, Licensed, read_licence


class TestTheLicences:
    def test_of_all_packages_go_with_ours(self) -> None:
        assert [package for package in licences.licences() if not package.goes_with_ours] == []

    def test_are_listed_for_python_and_the_browser(self) -> None:
        out = io.StringIO()
        call_command("licences", stdout=out)
        assert "BSD            python  Django 5." in out.getvalue()
        assert "MIT            npm     @tabler/core 1." in out.getvalue()

    def test_read_by_hand_are_of_packages_that_are_there(self) -> None:
        assert (COMMANDS_OF_TESTS | READ_BY_HAND.keys()) - {package.name for package in licences.licences()} == set()

    @pytest.mark.parametrize(
        ("expression", "classifiers", "text", "licence"),
        [
            ("Apache-2.0 OR BSD-3-Clause", [], "", "Apache-2.0"),
            ("LGPL-3.0-only", [], "", "LGPL-3.0-only"),
            ("AGPL-3.0-or-later", [], "", "GPL"),
            ("", ["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], "MIT", "GPL"),
            ("", [], "New BSD", "BSD"),
            ("", [], "Beerware", "Beerware"),
            ("", [], "", "unknown"),
        ],
    )
    def test_are_read_as_packages_write_them(
        self, expression: str, classifiers: list[str], text: str, licence: str
    ) -> None:
        assert read_licence(expression=expression, classifiers=classifiers, text=text) == licence

    def test_that_do_not_go_with_ours_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        strange = Licensed("secretive", "1.0", "GPL", "python")
        monkeypatch.setattr("seedbox.config.management.commands.licences.licences", lambda: [strange])
        with pytest.raises(Exception, match=r"do not go with Apache-2\.0.*secretive \(GPL\)"):
            call_command("licences", stdout=io.StringIO())
