"""Columns of the list that other apps bring: how they are written, shown and sorted by, and what users choose."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from seedbox.models import Holding, HoldingColumn, User
from seedbox.services import columns, screen_choices
from seedbox.services.columns import MoreColumn
from seedbox.services.listing import Wanted, list_holdings
from seedbox.web import list_choice, list_columns
from seedbox.web.list_query import read_wanted
from tests.builders import make_holding, make_observation, make_torrent

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

WEIGHT = MoreColumn("weight", "Weight", lambda grams: f"{grams} g", title="What it weighs")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def weight() -> Iterator[None]:
    columns.register(WEIGHT)
    yield
    columns.forget(WEIGHT.name)


@pytest.fixture
def page(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def hold(user: User, *names: str) -> list[Holding]:
    held = [make_holding(user, make_torrent(name)) for name in names]
    for holding in held:
        make_observation(holding.torrent)
    return held


def written() -> dict[int, int]:
    return dict(HoldingColumn.objects.filter(name=WEIGHT.name).values_list("holding_id", "value"))


def shown_names(user: User) -> list[str]:
    return [str(column.name) for column in list_choice.of_user(user.pk).columns]


def choose(page: Client, *names: str, **form: str) -> None:
    address = reverse("torrents_columns")
    assert page.post(address, {"columns": names, **form}, headers=HTMX).status_code == 200


class TestValues:
    def test_are_all_there_are(self, owner: User) -> None:
        a, b, c = (holding.pk for holding in hold(owner, "a", "b", "c"))
        assert columns.write(WEIGHT.name, {a: 1, b: 2}) == 2
        assert columns.write(WEIGHT.name, {b: 20, c: 3}) == 3
        assert written() == {b: 20, c: 3}

    def test_that_stay_as_they_are_cost_one_look(self, owner: User) -> None:
        values = {holding.pk: 5 for holding in hold(owner, *"abcdefgh")}
        columns.write(WEIGHT.name, values)
        with CaptureQueriesContext(connection) as queries:
            assert columns.write(WEIGHT.name, values) == 0
        assert len([query for query in queries if "holdingcolumn" in query["sql"]]) == 1
        assert not [query for query in queries if not query["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))]

    def test_of_one_column_leave_the_others(self, owner: User) -> None:
        (a,) = hold(owner, "a")
        columns.write("height", {a.pk: 7})
        columns.write(WEIGHT.name, {})
        assert HoldingColumn.objects.get().value == 7

    def test_of_a_holding_that_is_gone_are_left_out_and_go_with_it(self, owner: User) -> None:
        a, b = hold(owner, "a", "b")
        assert columns.write(WEIGHT.name, {a.pk: 1, b.pk + 1_000: 2}) == 1
        a.delete()
        assert written() == {}


@pytest.mark.usefixtures("weight")
class TestTheList:
    def test_sorts_by_such_a_column_with_what_has_no_value_last_either_way(self, owner: User) -> None:
        light, heavy, nothing = hold(owner, "light", "heavy", "nothing")
        columns.write(WEIGHT.name, {light.pk: -1, heavy.pk: 2**40})
        for descending, first in ((True, [heavy, light, nothing]), (False, [light, heavy, nothing])):
            wanted = Wanted(sort=WEIGHT.name, descending=descending)
            assert list(list_holdings(user=owner, wanted=wanted).holdings) == first

    def test_shows_it_in_as_many_queries_for_many_rows_as_for_one(self, owner: User) -> None:
        counts = []
        every = tuple(list_columns.available().values())
        for names in (["first"], [f"t{number}" for number in range(20)]):
            held = hold(owner, *names)
            columns.write(WEIGHT.name, {holding.pk: 3 for holding in held})
            with CaptureQueriesContext(connection) as queries:
                found = list_holdings(user=owner, wanted=Wanted(sort=WEIGHT.name))
                rows = [list_columns.row(holding, every) for holding in found.holdings]
            counts.append(len(queries))
        assert len(rows) == 21
        assert counts[0] == counts[1] <= 5

    def test_shows_the_figure_where_its_user_has_chosen_it(self, page: Client, owner: User) -> None:
        known, unknown = hold(owner, "known", "unknown")
        columns.write(WEIGHT.name, {known.pk: 12})
        assert "Weight</a></th>" not in page.get(reverse("torrents")).content.decode()
        choose(page, "state", "weight")
        content = page.get(reverse("torrents"), {"sort": "-weight"}).content.decode()
        assert '"descending" title="What it weighs"' in content
        assert 'data-cell="x-weight">12 g<' in content
        assert 'data-cell="x-weight">\N{EN DASH}<' in content
        assert content.index(f"holding-{known.pk}") < content.index(f"holding-{unknown.pk}")

    def test_forgets_it_with_the_app_that_brought_it(self, page: Client, owner: User) -> None:
        (holding,) = hold(owner, "a")
        columns.write(WEIGHT.name, {holding.pk: 12})
        choose(page, "weight", "size")
        columns.forget(WEIGHT.name)
        content = page.get(reverse("torrents")).content.decode()
        assert "weight" not in content.lower()
        assert read_wanted(QueryDict("sort=weight")) == Wanted()
        assert shown_names(owner) == ["size"]


class TestAChoice:
    def test_is_what_everybody_sees_until_it_is_made(self, page: Client, owner: User) -> None:
        hold(owner, "a")
        choose(page, *list_columns.USUAL)  # the form as it came: the length of a page was changed
        assert not list_choice.of_user(owner.pk).is_own
        assert shown_names(owner) == list(list_columns.USUAL)

    def test_keeps_columns_in_their_order_for_its_user_alone(self, page: Client, owner: User, stranger: User) -> None:
        choose(page, "node", "size", "nonsense", "node")
        assert shown_names(owner) == ["node", "size"]
        assert shown_names(stranger) == list(list_columns.USUAL)

    def test_can_be_of_the_name_alone(self, page: Client, owner: User) -> None:
        hold(owner, "a")
        choose(page)
        assert shown_names(owner) == []
        assert page.get(reverse("torrents")).status_code == 200

    @pytest.mark.parametrize(
        ("move", "order"),
        [
            ({"earlier": "ratio"}, ["ratio", "size", "eta"]),
            ({"later": "size"}, ["ratio", "size", "eta"]),
            ({"earlier": "size"}, ["size", "ratio", "eta"]),
            ({"later": "eta"}, ["size", "ratio", "eta"]),
            ({"later": "peers"}, ["size", "ratio", "eta"]),
        ],
    )
    def test_moves_a_column_by_one_place_and_none_over_the_end(
        self, page: Client, owner: User, move: dict[str, str], order: list[str]
    ) -> None:
        choose(page, "size", "ratio", "eta", **move)
        assert shown_names(owner) == order

    def test_goes_back_to_what_is_usual(self, page: Client, owner: User) -> None:
        choose(page, "size")
        choose(page, "size", usual="1")
        assert not list_choice.of_user(owner.pk).is_own

    def test_has_pages_of_a_length_that_is_offered(self, page: Client, owner: User) -> None:
        hold(owner, *(f"t{number}" for number in range(51)))
        choose(page, "size", size="50")
        assert page.get(reverse("torrents")).content.decode().count('name="ids"') == 50
        choose(page, "size", size="7")
        assert list_choice.of_user(owner.pk).page_size == 50

    def test_bears_what_an_older_box_has_kept(self, owner: User) -> None:
        screen_choices.choose(["gone", "size"], user_id=owner.pk, screen=list_choice.COLUMNS)
        screen_choices.choose(["many"], user_id=owner.pk, screen=list_choice.PAGE)
        choice = list_choice.of_user(owner.pk)
        assert ([column.name for column in choice.columns], choice.page_size) == (["size"], 100)

    def test_works_without_scripts_and_leads_back_to_the_part_that_was_shown(self, page: Client, owner: User) -> None:
        address = f"{reverse('torrents_columns')}?q=debian&sort=-size"
        answer = page.post(address, {"columns": ["eta", "size"], "earlier": "size"})
        assert (answer.status_code, answer["Location"]) == (302, f"{reverse('torrents')}?q=debian&sort=-size")
        assert shown_names(owner) == ["size", "eta"]

    def test_answers_htmx_with_the_list_as_it_is_now(self, page: Client, owner: User) -> None:
        hold(owner, "debian", "arch")
        address = f"{reverse('torrents_columns')}?q=debian"
        content = page.post(address, {"columns": ["kind"]}, headers=HTMX).content.decode()
        assert ">Public<" in content
        assert ">debian<" in content
        assert ">arch<" not in content
        assert 'id="sort-size"' not in content
