"""The market's command with good and bad words: an error names the field and the way out, and JSON is one value."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from seedbox.models import Holding, User
from speed.models import Bid, Market, Offer
from tests.builders import make_holding, make_observation, make_torrent
from tests.market import set_market
from tests.market_rows import BTT, a_bid, a_buying_deal, a_round, a_selling_deal

pytestmark = pytest.mark.django_db


@pytest.fixture
def holding(owner: User) -> Holding:
    torrent = make_torrent("slow.iso")
    make_observation(torrent, done_bytes=1)
    set_market(buys=True)
    return make_holding(owner, torrent)


def said(words: str) -> str:
    out = StringIO()
    call_command("speed", *words.split(), stdout=out)
    return out.getvalue()


class TestASlip:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ("bid {id} --user olga --ceiling 2", "also when it is changed: say --budget$"),
            ("bid {id} --user olga --useful 5", "say --ceiling and --budget$"),
            ("bid {id} --user olga --ceiling 0.000001 --budget 2", "^--ceiling: Say 0.004096"),
            ("bid {id} --user olga --ceiling 1,5 --budget 2", "argument --ceiling: This is no amount"),
            ("bid {id} --user olga --ceiling 5 --budget 2 --useful -1", "argument --useful: Write a number"),
            ("bid {id} --user olga --ceiling 5 --budget 2 --per-hour 0.001", "^--per-hour: Say how fast"),
            ("bid {id} --user olga --withdraw --ceiling 2", "--withdraw goes with nothing else"),
            ("bid 999999 --user olga", "`torrents list --user olga`"),
            ("bids --user olga --withdraw 77", "no bid 77: the list"),
            ("quotes {id} --user nobody", "^--user: there is no user nobody; the page People"),
            ("sell local --ask 0.000001", "^--ask: Ask for 0.004096"),
            ("sell local --free-share 10", "^--free-share: Leave 20 %"),
            ("sell local --sells", "^--limit: Say how much"),
            ("sell local --for-sale yes", "--torrent KEY"),
            ("sell local --torrent abc --for-sale yes", "^--torrent: nobody holds a torrent abc"),
            ("sell local --torrent {key} --limit 5 --no-buys", "^--buys, --limit: of the whole node"),
            ("sell local --torrent {key}", "^--torrent: say --for-sale or --ask"),
            ("sell elsewhere", "there is no node 'elsewhere': `nodes` lists them"),
            ("rounds elsewhere", "there is no node 'elsewhere'"),
            ("audit", "say which round of which node"),
            ("audit elsewhere 1", "there is no node 'elsewhere'"),
            ("audit local 1", "see `speed rounds local`"),
            ("audit local 1 --user olga", "not both"),
            ("hubs abc", "`speed hubs` prints it"),
            ("hubs --remove", "say which hub"),
        ],
    )
    def test_is_answered_with_its_field_and_the_way_out_and_changes_nothing(
        self, holding: Holding, words: str, sentence: str
    ) -> None:
        before = Market.objects.values().get()
        with pytest.raises(CommandError, match=sentence):
            said(words.format(id=holding.pk, key=holding.torrent.key))
        assert Market.objects.values().get() == before
        assert not Bid.objects.exists()
        assert not Offer.objects.exists()


class TestWithNothingToTell:
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ("bids --user olga", "no bids"),
            ("bid {id} --user olga", "no bid: say --ceiling and --budget"),
            ("deals", "no deals"),
            ("rounds local", "no round yet"),
            ("quotes {id} --user olga", "no seller is known yet"),
            ("audit --user olga", "no deals"),
        ],
    )
    def test_it_says_so_and_prints_an_empty_list_as_json(self, holding: Holding, words: str, sentence: str) -> None:
        line = words.format(id=holding.pk)
        assert said(line).startswith(sentence)
        assert json.loads(said(f"{line} --json")) == []


class TestJson:
    def test_is_one_value_for_every_verb(self, holding: Holding) -> None:
        a_bid(holding)
        a_buying_deal(holding)
        a_selling_deal(holding.torrent, deal_id="d2" * 16, channel_id="c2" * 16)
        a_round(179_000_000, demand=3)
        told = {
            words: json.loads(said(f"{words.format(id=holding.pk)} --json"))
            for words in (
                *("sell local --ask 7", "quotes {id} --user olga", "bid {id} --user olga", "bids --user olga"),
                *("deals", "deals --user olga", "rounds local", "audit local 179000000", "audit --user olga", "hubs"),
            )
        }
        assert told["audit local 179000000"]["findings"] == []
        assert {type(rows) for words, rows in told.items() if "179000000" not in words} == {list}
        assert [len(told[words]) for words in ("deals", "deals --user olga", "bids --user olga")] == [1, 2, 1]
        assert Market.objects.get().ask_ubtt_per_gib == 7 * BTT
