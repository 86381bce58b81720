import pytest
from django.http import QueryDict

from seedbox.services.listing import Filter, Wanted
from seedbox.services.orders import Sort
from seedbox.web import list_columns
from seedbox.web.list_query import Heading, headings, read_wanted


def heads(wanted: Wanted) -> dict[str, Heading]:
    every = (list_columns.NAME, *list_columns.available().values())
    return {heading.column.name: heading for heading in headings(wanted, every)}


class TestAnAddress:
    def test_without_a_query_asks_for_the_newest(self) -> None:
        assert read_wanted(QueryDict("")) == Wanted(sort=Sort.ADDED, descending=True)

    def test_can_ask_for_everything_at_once(self) -> None:
        wanted = read_wanted(QueryDict("q=+debian++iso+&state=seeding&sort=-ratio&page=3"))
        assert wanted == Wanted("debian  iso", Filter.SEEDING, Sort.RATIO, descending=True, page=3)

    @pytest.mark.parametrize(
        "query", ["state=x&sort=-y&page=-1", "page=1e9", "page=99999999999", "sort=--name", "sort=y", "q=%00"]
    )
    def test_that_makes_no_sense_asks_for_what_it_would_without(self, query: str) -> None:
        assert read_wanted(QueryDict(query)) == Wanted()


class TestAColumn:
    def test_turns_round_when_it_is_clicked_again(self) -> None:
        assert heads(Wanted(sort=Sort.NAME, descending=False))["name"].next_sort == "-name"
        assert heads(Wanted(sort=Sort.NAME, descending=True))["name"].next_sort == "name"

    def test_begins_with_the_large_figures_but_with_a_of_the_names_and_with_what_is_soon_done(self) -> None:
        fresh = heads(Wanted())
        assert [fresh[name].next_sort for name in ("size", "name", "eta")] == ["-size", "name", "eta"]

    def test_says_how_the_list_is_ordered(self) -> None:
        orders = {name: heading.order for name, heading in heads(Wanted(sort=Sort.SIZE, descending=False)).items()}
        assert orders["size"] == "ascending"
        assert set(orders.values()) == {"ascending", "none"}

    def test_can_be_ordered_by_whichever_it_is(self) -> None:
        assert {name for name in heads(Wanted()) if name in set(Sort)} == set(Sort)
