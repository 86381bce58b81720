"""The operator's books and forms."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from seedbox.models import User
from tests.builders import NOW, make_user, signed_in
from tests.integration.test_logins import grow_stale
from tests.ledger import ASSET, BTT, TREASURY, balance, fund, post, transfer, user
from wallet.domain.accounts import AccountKind
from wallet.models import Account, AuditRun, LiabilitySnapshot, OperatorAct, Seal
from wallet.services import liabilities

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

BOOKS = reverse("books")
CARRY_OUT = reverse("operator_carry_out")


@pytest.fixture
def browser(admin: User, owner: User, stranger: User) -> Client:
    """The admin's; olga has 5 BTT of which sam got one with a memo, the treasury has 100."""
    fund(TREASURY, 100 * BTT)
    fund(user(owner.pk), 5 * BTT)
    assert post(transfer(user(owner.pk), user(stranger.pk), BTT, memo="between us")).is_done
    return signed_in(admin)


def number(person: User) -> int:
    return Account.objects.get(asset=ASSET, kind=AccountKind.USER, ref=str(person.pk)).pk


def fill_in(browser: Client, name: str, **fields: Any) -> str:
    address = reverse("operator_act", args=[name])
    key = re.search(r'name="key" value="([0-9a-f]{32})"', browser.get(address).content.decode())
    assert key
    return browser.post(address, {"reason": "a good one", "key": key[1]} | fields).content.decode()


def order(page: str) -> str:
    found = re.search(r'name="order" value="([^"]+)"', page)
    assert found, page
    return found[1]


def carry_out(browser: Client, name: str, **fields: Any) -> "Response":
    return browser.post(CARRY_OUT, {"order": order(fill_in(browser, name, **fields))}, follow=True)


class TestTheBooks:
    def test_show_sums_that_are_zero_together_users_and_seals(self, browser: Client) -> None:
        page = browser.get(BOOKS).content.decode()
        assert 'data-tone="green">Trial balance 0 BTT' in page
        for words in ("\N{MINUS SIGN}105", ">olga<", ">Treasury<", "none yet", "3 transfers"):
            assert words in page
        blank = {"previous_hash": b"0" * 32, "root": b"1" * 32, "hash": b"2" * 32, "totals": {}}
        Seal.objects.create(number=7, first_id=1, last_id=10**9, count=1, sealed_at=NOW, **blank)
        page = browser.get(BOOKS).content.decode()
        assert "7, <time" in page
        assert "2024-11-23 12:00:00" in page
        assert "nothing" in page

    def test_count_what_is_owed_but_not_twice_within_a_minute(self, browser: Client, owner: User) -> None:
        assert "not counted yet" in browser.get(BOOKS).content.decode()
        counted, again = (browser.post(reverse("count_owed"), follow=True).content.decode() for _ in range(2))
        assert "Counted: 5 BTT is owed to all users." in counted
        assert '<span class="figure">5 BTT</span><br>counted <time' in counted
        assert "less than a minute old" in again
        assert liabilities.proof_for(owner.pk)
        assert LiabilitySnapshot.objects.count() == 1
        assert browser.get(reverse("count_owed")).status_code == 405

    def test_show_the_last_audit_and_loudly_what_it_found(self, browser: Client) -> None:
        assert "it runs once a day" in browser.get(BOOKS).content.decode()
        AuditRun.objects.create(at=NOW, transfers=1_204, findings=0)
        assert "nothing found</span> in 1,204 transfers" in browser.get(BOOKS).content.decode()
        AuditRun.objects.create(at=NOW, transfers=1_205, findings=2, first_finding="transfer 7: <changed>")
        page = browser.get(BOOKS).content.decode()
        for words in ("2 findings</span> in 1,205 transfers", "transfer 7: &lt;changed&gt;", "manage.py ledger audit"):
            assert words in page

    def test_say_loudly_when_the_sum_is_not_zero(self, browser: Client) -> None:
        Account.objects.filter(kind=AccountKind.TREASURY).update(balance_ubtt=1)
        page = browser.get(BOOKS).content.decode()
        assert 'data-tone="red">Trial balance \N{MINUS SIGN}99.999999 BTT' in page
        assert "ledger audit" in page

    def test_find_accounts(self, browser: Client, owner: User) -> None:
        assert "<bdi>sam</bdi>" not in browser.get(BOOKS, {"q": "olga"}).content.decode()
        assert "No account is like that." in browser.get(BOOKS, {"frozen": "on"}).content.decode()
        assert browser.get(BOOKS, {"kind": "x", "q": "\0", "frozen": "?"}).status_code == 200
        assert browser.get(BOOKS, {"before": "x"}).status_code == 404

    def test_show_an_account_without_what_people_wrote(self, browser: Client, owner: User, stranger: User) -> None:
        for person in (owner, stranger):
            page = browser.get(reverse("books_account", args=[number(person)])).content.decode()
            assert "Tip" in page
            assert "between us" not in page

    def test_know_no_other_account(self, browser: Client) -> None:
        assert browser.get(reverse("books_account", args=[10**30])).status_code == 404
        assert browser.get(reverse("operator_act", args=["burn"])).status_code == 404


class TestAnAct:
    def test_is_confirmed_and_done_once_by_a_double_click(self, browser: Client, owner: User) -> None:
        page = fill_in(browser, "grant", user="olga", amount="2.5")
        for words in ("<bdi>olga</bdi>", "2.5 BTT", "97.5 BTT", "<bdi>a good one</bdi>"):
            assert words in page
        assert balance(user(owner.pk)) == 4 * BTT
        for _ in range(2):
            done = browser.post(CARRY_OUT, {"order": order(page)}, follow=True)
            assert "Done, and written into the log" in done.content.decode()
        assert (balance(user(owner.pk)), OperatorAct.objects.count()) == (6_500_000, 1)

    def test_asks_for_fresh_proof_and_is_then_carried_out(self, browser: Client, owner: User) -> None:
        page = fill_in(browser, "grant", user="olga", amount="1")
        grow_stale(browser)
        asked = browser.post(CARRY_OUT, {"order": order(page)})
        assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
        assert not OperatorAct.objects.exists()
        browser.post(asked.headers["Location"], {"password": "correct horse battery"}, follow=True)
        assert balance(user(owner.pk)) == 5 * BTT

    def test_of_each_kind_works_from_its_form(self, browser: Client, owner: User, stranger: User) -> None:
        mine = f"#{number(owner)}"
        carry_out(browser, "freeze", account=mine)
        assert Account.objects.get(pk=number(owner)).is_frozen
        carry_out(browser, "thaw", account="olga")
        assert not Account.objects.get(pk=number(owner)).is_frozen
        carry_out(browser, "adjust", debit="olga", credit="treasury", amount="1")
        assert balance(user(owner.pk)) == 3 * BTT
        tip = Account.objects.get(pk=number(stranger)).credits.get()
        carry_out(browser, "reverse", transfer=tip.pk)
        assert (balance(user(owner.pk)), balance(user(stranger.pk))) == (4 * BTT, 0)
        assert [act.kind for act in OperatorAct.objects.order_by("pk")] == ["froze", "thawed", "adjusted", "reversed"]

    @pytest.mark.parametrize(
        ("name", "fields", "words"),
        [
            ("grant", {"user": "nobody", "amount": "1"}, "Nobody here goes by that name."),
            ("grant", {"user": "olga", "amount": "x"}, "This is no amount"),
            ("grant", {"user": "olga", "amount": "1", "reason": " "}, "This field is required."),
            ("grant", {"user": "olga", "amount": "1", "reason": "x" * 201}, "at most 200 characters"),
            ("freeze", {"account": "treasury"}, "Only a user&#x27;s account can be frozen"),
            ("freeze", {"account": "#x"}, "There is no such account."),
            ("adjust", {"debit": "olga", "credit": "olga", "amount": "1"}, "Choose two different accounts."),
            ("adjust", {"debit": "chain", "credit": "olga", "amount": "1"}, "There is no such account."),
            ("reverse", {"transfer": "404404"}, "There is no transfer 404404."),
            ("reverse", {"transfer": "9" * 40}, "less than or equal to"),
        ],
    )
    def test_that_makes_no_sense_is_refused_by_its_form(
        self, browser: Client, name: str, fields: dict[str, str], words: str
    ) -> None:
        page = fill_in(browser, name, **fields)
        assert words in page
        assert 'name="order"' not in page

    def test_that_the_ledger_refuses_says_so(self, browser: Client, owner: User) -> None:
        done = carry_out(browser, "grant", user="olga", amount="101")
        assert "The treasury has only 100 BTT available." in done.content.decode()
        assert not OperatorAct.objects.exists()

    def test_takes_no_order_that_was_changed_or_is_another_admins(self, browser: Client, owner: User) -> None:
        signed = order(fill_in(browser, "grant", user="olga", amount="1"))
        for client, sent in ((browser, signed + "x"), (signed_in(make_user("bea", admin=True)), signed)):
            assert "That page was too old" in client.post(CARRY_OUT, {"order": sent}, follow=True).content.decode()
        assert not OperatorAct.objects.exists()

    def test_for_oneself_is_marked_before_and_after(self, browser: Client) -> None:
        page = fill_in(browser, "grant", user="ada", amount="1")
        assert "This touches an account of your own." in page
        browser.post(CARRY_OUT, {"order": order(page)})
        other = signed_in(make_user("bea", admin=True))
        assert "own account" in other.get(reverse("operator_acts")).content.decode()

    def test_takes_nobody_for_the_treasury_who_calls_himself_so(self, browser: Client) -> None:
        impostor = make_user("treasury")
        fund(user(impostor.pk), BTT)
        page = fill_in(browser, "adjust", debit="olga", credit="Treasury", amount="1")
        assert f"(account #{Account.objects.get(kind=AccountKind.TREASURY).pk})" in page


class TestTheLog:
    def test_is_seen_by_all_admins_and_in_part_by_whom_it_concerns(
        self, browser: Client, owner: User, stranger: User
    ) -> None:
        carry_out(browser, "freeze", account="olga", reason="she <b>asked</b>")
        escaped = "she &lt;b&gt;asked&lt;/b&gt;"
        assert escaped in browser.get(reverse("operator_acts"), {"person": "ADA"}).content.decode()
        assert escaped not in browser.get(reverse("operator_acts"), {"person": "bea"}).content.decode()
        assert escaped in signed_in(owner).get(reverse("own_acts")).content.decode()
        assert escaped not in signed_in(stranger).get(reverse("own_acts")).content.decode()

    def test_is_quoted_beside_the_entry_of_what_was_moved(self, browser: Client, owner: User) -> None:
        carry_out(browser, "grant", user="olga", amount="1", reason="found a hole")
        moved = OperatorAct.objects.get().transfer_id
        page = signed_in(owner).get(reverse("money_entry", args=[moved])).content.decode()
        assert "<bdi>found a hole</bdi>" in page
