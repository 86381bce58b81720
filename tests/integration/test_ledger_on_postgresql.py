"""What PostgreSQL alone can do to the ledger: lose a commit's answer, kill one of two who wait for each other."""

import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from seedbox.models import User
from tests.at_once import at_once
from tests.box import wait_until
from tests.builders import NOW, make_user
from tests.ledger import BTT, TREASURY, balance, fund, place_hold, post, transfer, user
from tests.ledger_truth import read_truth
from tests.ledger_vectors import VECTORS
from tests.servers import FOLDER
from wallet.domain.accounts import AccountName
from wallet.domain.items import Item, PlaceHold, Transfer, key_hash
from wallet.domain.kinds import TransferKind
from wallet.domain.posting import Code, Outcome
from wallet.models import Account
from wallet.services import audit, ledger

Pair = tuple[AccountName, AccountName]
LIMIT_S = 30
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
OPEN = """
INSERT INTO wallet_account (asset, kind, ref, balance_ubtt, held_ubtt, version, is_frozen, created_at)
VALUES (2, 2, %s, 0, 0, 0, false, now())
"""


class Door:
    """A socket before PostgreSQL's that loses the answers to so many commits, with the connection."""

    def __init__(self, loses: int) -> None:
        self.loses = loses
        self.folder = FOLDER / "door"
        self.folder.mkdir(exist_ok=True)
        self._path = self.folder / ".s.PGSQL.5432"
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(host() + "/.s.PGSQL.5432"))
            threading.Thread(target=_pump, args=[server, client], daemon=True).start()
            while data := client.recv(65_536):
                if b"COMMIT" in data and self.loses:
                    self.loses -= 1
                    client.shutdown(socket.SHUT_RDWR)  # nothing that the server says now arrives
                    server.sendall(data)
                    return
                server.sendall(data)


def _pump(server: socket.socket, client: socket.socket) -> None:
    try:
        while data := server.recv(65_536):
            client.sendall(data)
    except OSError:
        return


def host() -> str:
    parts = connection.settings_dict
    return str(parts["OPTIONS"].get("host") or parts["HOST"])


def of_others() -> psycopg.Connection[Any]:
    """Return a connection beside Django's."""
    parts = connection.settings_dict
    return psycopg.connect(host=host(), user=parts["USER"], dbname=parts["NAME"])


def connected(call: Callable[[], object], **options: str) -> object:
    """Call in a thread whose every connection is made with these options; return what it returned or raised."""

    def run() -> object:
        parts = connection.settings_dict
        changed = {**parts, "HOST": options.get("host", parts["HOST"]), "OPTIONS": {**parts["OPTIONS"], **options}}
        connection.settings_dict = changed
        try:
            return call()
        finally:
            connection.close()
            connection.settings_dict = parts

    return at_once(run)[0]


@pytest.fixture
def pair(committed_books: None) -> Pair:
    olga, sam = User.objects.bulk_create([User(username=name) for name in ("olga", "sam")])
    fund(user(olga.pk), BTT)
    fund(user(sam.pk), BTT)
    return user(olga.pk), user(sam.pk)


class TestACommitWhoseAnswerIsLost:
    @pytest.fixture
    def loses(self, request: pytest.FixtureRequest) -> Iterator[Door]:
        door = Door(request.param)
        yield door
        door.close()

    @pytest.mark.parametrize("loses", [1, 4], indirect=True)
    def test_is_found_through_its_key(self, pair: Pair, loses: Door) -> None:
        outcome = self.post_through(loses, transfer(*pair, 7))
        assert isinstance(outcome, Outcome)
        assert outcome.code is Code.EXISTS
        assert outcome.transfer_id
        assert balance(pair[1]) == BTT + 7

    @pytest.mark.parametrize("loses", [5], indirect=True)
    def test_each_time_leaves_the_caller_in_doubt_and_the_key_to_ask(self, pair: Pair, loses: Door) -> None:
        wish = transfer(*pair, 7)
        assert isinstance(self.post_through(loses, wish), ledger.LedgerBusy)
        found = ledger.outcome_of(wish.key)
        assert found
        assert found.code is Code.OK
        assert balance(pair[1]) == BTT + 7
        read_truth()

    def post_through(self, door: Door, item: Item) -> object:
        return connected(partial(post, item), host=str(door.folder))


class TestADeadConnection:
    def test_is_no_answer_to_who_asks_for_an_outcome(self, pair: Pair) -> None:
        wish = transfer(*pair, 7)
        first = post(wish)
        with connection.cursor() as cursor, of_others() as other:
            cursor.execute("SELECT pg_backend_pid()")
            assert other.execute("SELECT pg_terminate_backend(%s, 30000)", cursor.fetchone()).fetchone() == (True,)
        found = ledger.outcome_of(wish.key)
        assert found
        assert found.transfer_id == first.transfer_id


class TestOneKeyAtTheSameMoment:
    """Nobody waits for anybody: all of it is on different accounts, and nothing is committed meanwhile."""

    @pytest.fixture
    def tim(self, pair: Pair) -> AccountName:
        tim = user(make_user("tim").pk)
        fund(tim, BTT)
        return tim

    def test_for_a_transfer_and_a_hold_is_two_keys(self, pair: Pair, tim: AccountName) -> None:
        move, hold = transfer(*pair, 7, key="the-same"), place_hold(tim, 5, key="the-same")
        with transaction.atomic():
            moved = post(move)
            placed = at_once(partial(post, hold))[0]
        assert isinstance(placed, Outcome), placed
        assert (moved.code, placed.code) == (Code.OK, Code.OK)
        again = ledger.post([move, hold], now=NOW)
        assert [outcome.code for outcome in again] == [Code.EXISTS] * 2
        assert [outcome.transfer_id for outcome in again] == [moved.transfer_id, None]
        assert [outcome.hold_id for outcome in again] == [None, placed.hold_id]
        assert ledger.outcome_of("the-same") == Outcome(Code.OK, transfer_id=moved.transfer_id)
        assert ledger.outcome_of("the-same", of=PlaceHold) == Outcome(Code.OK, hold_id=placed.hold_id)
        truth = read_truth()
        assert (truth.balance[pair[1]], truth.held[tim], truth.beaten) == (BTT + 7, 5, set())
        assert audit.audit().findings == []

    def test_for_a_transfer_and_a_refused_other_one_is_the_transfers(self, pair: Pair, tim: AccountName) -> None:
        move, other = transfer(*pair, 7, key="the-same"), transfer(tim, TREASURY, 2 * BTT, key="the-same")
        fund(TREASURY, 1)
        with transaction.atomic():
            moved = post(move)
            refused = at_once(partial(post, other))[0]
        assert isinstance(refused, Outcome), refused
        assert (moved.code, refused.code) == (Code.OK, Code.INSUFFICIENT)
        fund(tim, 9 * BTT)
        assert [post(item).code for item in (other, move, other)] == [Code.CONFLICT, Code.EXISTS, Code.CONFLICT]
        assert ledger.outcome_of("the-same") == Outcome(Code.OK, transfer_id=moved.transfer_id)
        truth = read_truth()
        assert (truth.balance[pair[1]], truth.balance[tim]) == (BTT + 7, 10 * BTT)
        assert truth.beaten == {key_hash("the-same")}
        assert audit.audit().findings == []


class TestTwoWhoWaitForEachOther:
    def test_are_told_apart_by_the_database_and_the_ledger_asks_again(
        self, pair: Pair, caplog: pytest.LogCaptureFixture
    ) -> None:
        first, second = Account.objects.filter(kind=2).order_by("pk").values_list("pk", flat=True)
        lock = "SELECT 1 FROM wallet_account WHERE id = %s FOR UPDATE"
        outcomes: list[object] = []

        def post_and_give_up_soon() -> None:
            wish = transfer(*pair, 7)
            outcomes.append(connected(partial(post, wish), options="-c deadlock_timeout=20ms"))

        with of_others() as third, of_others() as other:
            third.execute(lock, [first])
            other.execute("SET deadlock_timeout = '60s'")  # so that the ledger is the one to give up
            other.execute(lock, [second])
            ledgers = threading.Thread(target=post_and_give_up_soon)
            ledgers.start()
            wait_until(lambda: waiting() == 1, "the ledger to wait for the first account", LIMIT_S)
            others = threading.Thread(target=lambda: other.execute(lock, [first]))
            others.start()
            wait_until(lambda: waiting() == 2, "the other to wait behind it", LIMIT_S)
            third.rollback()  # now each has what the other wants
            others.join(LIMIT_S)
            other.rollback()
            ledgers.join(LIMIT_S)
        assert isinstance(outcomes[0], Outcome), outcomes
        assert outcomes[0].code is Code.OK
        assert balance(pair[1]) == BTT + 7
        assert caplog.text.count("the ledger asks again") == 1


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WAITS)
        return int(cursor.fetchone()[0])


class TestAnAccountThatCannotBeOpened:
    def test_keeps_the_ledger_busy_for_a_while(self, pair: Pair) -> None:
        newcomer = make_user("tim")
        wish = transfer(pair[0], user(newcomer.pk), 7)
        with of_others() as other:
            other.execute(OPEN, [str(newcomer.pk)])
            outcome = connected(partial(post, wish), options="-c lock_timeout=20ms")
            assert isinstance(outcome, ledger.LedgerBusy), outcome
            assert "lock timeout" in str(outcome.__cause__)
            other.rollback()
        assert post(wish).code is Code.OK

    def test_is_left_to_the_caller_in_a_transaction_of_the_callers(self, pair: Pair) -> None:
        newcomer = make_user("tim")

        def post_with_more() -> Outcome:
            with transaction.atomic():
                return post(transfer(pair[0], user(newcomer.pk), 7))

        with of_others() as other:
            other.execute(OPEN, [str(newcomer.pk)])
            assert isinstance(connected(post_with_more, options="-c lock_timeout=20ms"), OperationalError)
            other.rollback()
        assert isinstance(connected(post_with_more), Outcome)
        assert balance(user(newcomer.pk)) == 7


class TestTheHashOfABody:
    @pytest.mark.django_db
    @pytest.mark.parametrize(("text", "digest"), [vector[1:] for vector in VECTORS])
    def test_is_the_same_in_sql(self, text: str, digest: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT encode(sha256(convert_to(%s, 'UTF8')), 'hex')", [text])
            assert cursor.fetchone() == (digest,)

    @pytest.mark.django_db
    def test_can_be_made_again_from_what_is_written(self) -> None:
        olga, sam = user(make_user("olga").pk), user(make_user("sam").pk)
        fund(olga, BTT)
        wishes = [item for item, _, _ in VECTORS if isinstance(item, Transfer) and item.hold is None]
        for wish in wishes[:2]:
            memo, cause = wish.memo, wish.cause
            assert post(transfer(olga, sam, 5, kind=TransferKind.ADJUSTMENT, memo=memo, cause=cause)).code is Code.OK
        first = post(transfer(sam, olga, 5)).transfer_id
        assert post(transfer(olga, sam, 5, kind=TransferKind.REVERSAL, reverses=first)).code is Code.OK
        with connection.cursor() as cursor:
            cursor.execute(BODIES)
            found = cursor.fetchall()
        assert len(found) == 5
        assert all(bytes(kept) == bytes(made) for kept, made in found)


def _sized(column: str) -> str:
    return f"'s' || octet_length(normalize({column}, NFC)) || ':' || normalize({column}, NFC)"


BODIES = f"""
SELECT t.body_hash, sha256(convert_to('1|transfer|amount_ubtt=i' || amount_ubtt || '|asset=i' || t.asset
    || '|cause=' || {_sized("cause")} || '|credit=i' || c.kind || ',' || {_sized("c.ref")}
    || '|debit=i' || d.kind || ',' || {_sized("d.ref")} || '|hold=i' || coalesce(hold_id, 0) || '|kind=i' || t.kind
    || '|memo=' || {_sized("memo")} || '|reverses=i' || coalesce(reverses_id, 0), 'UTF8'))
FROM wallet_transfer t JOIN wallet_account c ON c.id = credit_id JOIN wallet_account d ON d.id = debit_id
"""
