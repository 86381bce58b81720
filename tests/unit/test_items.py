"""What the ledger takes at its door, and the texts whose hashes tell one wish from another."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders import NOW
from tests.ledger import ASSET, CHAIN, TREASURY, place_hold, transfer, user, void
from tests.ledger_vectors import VECTORS
from wallet.domain.accounts import (
    AccountKind,
    AccountName,
    BadAccountName,
    check_account_name,
    own_account,
    user_account,
)
from wallet.domain.items import (
    MAX_ITEMS,
    BadItem,
    EndHold,
    HoldEnd,
    HoldPurpose,
    Item,
    PlaceHold,
    Transfer,
    body_hash,
    check_batch,
    hash_of_key,
    key_hash,
)
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset

NO_AMOUNTS: list[object] = [0, -1, 2**62 + 1, 2**63, 1.0, float("nan"), True, "1", None]
NO_IDS: list[object] = [0, -1, 2**63, 1.0, True, "1"]
NO_ACCOUNTS: list[object] = [
    None,
    "user 1",
    (ASSET, AccountKind.USER, "1"),
    AccountName(2, AccountKind.USER, "1"),  # type: ignore[arg-type]  # what a careless caller passes
    AccountName(ASSET, 2, "1"),  # type: ignore[arg-type]  # likewise
    AccountName(ASSET, AccountKind.USER, 1),  # type: ignore[arg-type]  # likewise
    AccountName(ASSET, AccountKind.USER),
    AccountName(ASSET, AccountKind.USER, "0"),
    AccountName(ASSET, AccountKind.USER, "-1"),
    AccountName(ASSET, AccountKind.USER, "1\n"),
    AccountName(ASSET, AccountKind.USER, "9" * 19),
    AccountName(ASSET, AccountKind.CHANNEL, "A"),
    AccountName(ASSET, AccountKind.CHANNEL, "a" * 65),
    AccountName(ASSET, AccountKind.TREASURY, "1"),
]


class TestATransfer:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *[("amount_ubtt", value) for value in NO_AMOUNTS],
            *[("debit", value) for value in NO_ACCOUNTS],
            *[("credit", value) for value in NO_ACCOUNTS],
            ("credit", user(1)),
            ("credit", user_account(Asset.TRC10, 2)),
            *[("key", value) for value in ("", "k" * 129, "a b", "a\n", "\x00", "ä", b"k", None, 1)],
            *[("cause", value) for value in ("", "tip", "tip/", "/1", "Tip/1", "tip/a b", "tip/" + "1" * 100, None)],
            *[
                ("memo", value)
                for value in ("m" * 141, "a\nb", "a\x00b", "a\x85b", "\ud800", "a\u2028b", "\u2029", None)
            ],
            *[("kind", value) for value in (None, 11, "tip", TransferKind.REVERSAL)],
            *[("event_at", value) for value in (None, "now", 0, datetime(2026, 1, 1), NOW.date())],  # noqa: DTZ001  # is to be refused
            ("event_at", datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
            *[("hold", value) for value in NO_IDS],
            *[("reverses", value) for value in [*NO_IDS, 1]],
            *[("linked", value) for value in (None, 1, 0, "yes")],
        ],
        ids=ascii,
    )
    def test_is_refused_where_a_field_is_wrong_and_told_which(self, field: str, value: Any) -> None:
        with pytest.raises(BadItem) as problem:
            replace(transfer(user(1), user(2), 1), **{field: value})
        assert problem.value.field in (field, "reverses" if field == "kind" else field)

    def test_takes_what_people_write(self) -> None:
        transfer(user(1), user(2), 1, memo="Спасибо 🎉 “you” \\ {NULL} e\u0301", key="!~" * 64)


class TestAHold:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *[("amount_ubtt", value) for value in NO_AMOUNTS],
            *[("account", value) for value in [*NO_ACCOUNTS, CHAIN, TREASURY]],
            *[("purpose", value) for value in (None, 2, "budget")],
            *[("expires_at", value) for value in (None, "soon", datetime(2026, 1, 1))],  # noqa: DTZ001  # is to be refused
            ("key", ""),
            ("cause", ""),
            ("linked", 1),
        ],
        ids=ascii,
    )
    def test_is_refused_where_a_field_is_wrong_and_told_which(self, field: str, value: Any) -> None:
        with pytest.raises(BadItem) as problem:
            replace(place_hold(user(1), 1), **{field: value})
        assert problem.value.field == field

    def test_of_a_withdrawal_needs_no_time(self) -> None:
        place_hold(user(1), 1, purpose=HoldPurpose.WITHDRAWAL, expires_at=None)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *[("hold", value) for value in [*NO_IDS, None]],
            *[("end", value) for value in (None, "voided", HoldEnd.POSTED)],
            ("key", ""),
            ("linked", 1),
        ],
        ids=ascii,
    )
    def test_is_ended_by_one_who_says_which_and_how(self, field: str, value: Any) -> None:
        with pytest.raises(BadItem) as problem:
            replace(void(1), **{field: value})
        assert problem.value.field == field


class TestAnAccountsName:
    @pytest.mark.parametrize("name", NO_ACCOUNTS, ids=ascii)
    def test_is_refused_where_it_names_none(self, name: object) -> None:
        with pytest.raises(BadAccountName, match="names no account"):
            check_account_name(name)

    def test_can_be_read(self) -> None:
        assert str(user(7)) == "user 7 (BTT)"
        assert str(own_account(Asset.TRX, AccountKind.NETWORK_FEES)) == "network fees (TRX)"


class TestABatch:
    def test_is_taken_up_to_ten_thousand_items(self) -> None:
        check_batch([transfer(user(1), user(2), 1)] * MAX_ITEMS)

    @pytest.mark.parametrize("count", [0, MAX_ITEMS + 1, 100_000])
    def test_is_refused_empty_or_longer(self, count: int) -> None:
        with pytest.raises(BadItem, match="must be 1 to 10000"):
            check_batch([transfer(user(1), user(2), 1)] * count)

    @pytest.mark.parametrize("items", [None, "items", {}, 1, [None], [{"key": "k"}], [(1, 2)]], ids=repr)
    def test_is_a_list_of_items(self, items: object) -> None:
        with pytest.raises(BadItem, match="must be a list"):
            check_batch(items)

    def test_is_refused_where_the_last_item_is_linked_to_nothing(self) -> None:
        with pytest.raises(BadItem, match="nothing after it"):
            check_batch([transfer(user(1), user(2), 1), transfer(user(1), user(2), 1, linked=True)])


class TestABody:
    @pytest.mark.parametrize(("item", "text", "digest"), VECTORS, ids=[text[:20] for _, text, _ in VECTORS])
    def test_is_written_and_hashed_as_it_was_from_the_first_day(self, item: Item, text: str, digest: str) -> None:
        assert item.body() == text
        assert body_hash(item).hex() == digest
        assert hashlib.sha256(text.encode()).hexdigest() == digest

    def test_is_known_by_half_of_its_keys_hash(self) -> None:
        assert key_hash("tip/41").hex() == "f6c2287866e6ec79988662d6b95fdce9"

    def test_has_a_key_of_its_own_kind(self) -> None:
        items: list[Item] = [transfer(user(1), user(2), 1, key="k"), place_hold(user(1), 1, key="k"), void(1, key="k")]
        hashes = [hash_of_key(item) for item in items]
        texts = ["k", "hold k", "end k"]  # a key has no space
        assert hashes == [hashlib.sha256(text.encode()).digest()[:16] for text in texts]
        assert hashes == [key_hash("k", kind) for kind in (Transfer, PlaceHold, EndHold)]

    @pytest.mark.parametrize(
        "change",
        [
            {"amount_ubtt": 2},
            {"debit": user(3)},
            {"credit": user(3)},
            {"kind": TransferKind.ADJUSTMENT},
            {"cause": "tip/2"},
            {"memo": "other"},
            {"hold": 1},
            {"kind": TransferKind.REVERSAL, "reverses": 1},
            {"debit": user_account(Asset.TRC10, 1), "credit": user_account(Asset.TRC10, 2)},
        ],
        ids=str,
    )
    def test_differs_where_something_else_is_wished(self, change: dict[str, Any]) -> None:
        first = transfer(user(1), user(2), 1)
        assert body_hash(replace(first, **change)) != body_hash(first)

    def test_is_the_same_when_asked_at_another_time_or_in_other_company(self) -> None:
        first, hold = transfer(user(1), user(2), 1), place_hold(user(1), 1)
        later = NOW + timedelta(days=1)
        assert body_hash(replace(first, event_at=later.astimezone(UTC), linked=True)) == body_hash(first)
        assert body_hash(replace(hold, expires_at=later, linked=True)) == body_hash(hold)

    def test_cannot_be_forged_by_text_that_looks_like_a_field(self) -> None:
        one = transfer(user(1), user(2), 1, cause="tip/1|credit=i2", memo="")
        two = transfer(user(1), user(2), 1, cause="tip/1", memo="|credit=i2")
        assert body_hash(one) != body_hash(two)
