"""What a seller remembers of payers and addresses."""

from hypothesis import given
from hypothesis import strategies as st

from speed.domain.credit import STRANGER_WINDOW_BYTES, Standing, room
from speed.domain.trust import Account, Trust

MIB = 1 << 20
names = st.sampled_from(["ann", "bob", "eve"])
places = st.lists(st.sampled_from(["203.0.113.7/32", "203.0.113.8/32"]), min_size=1, max_size=2, unique=True)
sizes = st.integers(0, 100 * MIB)
accounts = st.lists(st.builds(Account, names, places.map(tuple), sizes, sizes, st.integers(0, MIB)), max_size=12)


def account(payer: str = "ann", *places: str, sent: int = 0, covered: int = 0, written_off: int = 0) -> Account:
    return Account(payer, places or ("203.0.113.7/32",), sent, covered, written_off)


class TestTrust:
    def test_adds_up_what_a_payer_and_an_address_owe(self) -> None:
        trust = Trust([account(sent=3 * MIB), account(sent=2 * MIB, covered=MIB), account("bob", sent=MIB)])
        assert trust.payer("ann").unpaid_bytes == 4 * MIB
        assert trust.place("203.0.113.7/32").unpaid_bytes == 5 * MIB
        assert trust.payer("eve") == trust.place("203.0.113.9/32") == Standing()

    @given(accounts, st.data())
    def test_of_a_deal_that_has_changed_is_the_same_as_if_it_were_counted_anew(
        self, counted: list[Account], data: st.DataObject
    ) -> None:
        trust, now = Trust(counted), list(counted)
        for place, before in enumerate(counted):
            if data.draw(st.booleans()):
                now[place] = data.draw(
                    st.builds(Account, st.just(before.payer), places.map(tuple), sizes, sizes, sizes)
                )
                trust.change(before, now[place])
        anew = Trust(now)
        assert trust.strangers_unpaid_bytes == anew.strangers_unpaid_bytes
        for account in now:
            assert trust.payer(account.payer) == anew.payer(account.payer)
            assert [trust.place(place) for place in account.places] == [anew.place(place) for place in account.places]

    def test_is_no_credit_of_one_deal_for_another(self) -> None:
        trust = Trust([account(sent=0, covered=9 * MIB), account(sent=4 * MIB)])
        assert trust.payer("ann").unpaid_bytes == 4 * MIB

    def test_counts_a_debt_wherever_it_was_made(self) -> None:
        trust = Trust([account("ann", "203.0.113.7/32", "203.0.113.8/32", sent=MIB)])
        assert trust.place("203.0.113.7/32").unpaid_bytes == trust.place("203.0.113.8/32").unpaid_bytes == MIB

    def test_leaves_nobody_a_stranger_who_has_paid(self) -> None:
        trust = Trust([account(sent=MIB), account("bob", sent=MIB)], paid_before={"ann": 16 * MIB})
        assert trust.strangers_unpaid_bytes == MIB
        assert trust.payer("ann").window_bytes == STRANGER_WINDOW_BYTES + MIB

    def test_gives_nobody_a_room_wider_than_the_smaller_one(self) -> None:
        trust = Trust([account(sent=4 * MIB)], paid_before={"bob": 1 << 30})
        address = trust.place("203.0.113.7/32")
        assert room(payer=trust.payer("bob"), address=address, strangers_unpaid_bytes=0) == 0

    @given(accounts, accounts)
    def test_comes_to_the_same_on_top_of_others_and_in_one(self, one: list[Account], other: list[Account]) -> None:
        layered, flat = Trust(other, before=Trust(one)), Trust([*one, *other])
        assert layered.strangers_unpaid_bytes == flat.strangers_unpaid_bytes
        for name in ("ann", "bob", "eve"):
            assert layered.payer(name) == flat.payer(name)
        for place in ("203.0.113.7/32", "203.0.113.8/32"):
            assert layered.place(place) == flat.place(place)

    @given(accounts)
    def test_of_strangers_is_the_sum_over_payers_who_are_some(self, those: list[Account]) -> None:
        trust = Trust(those)
        strangers = [trust.payer(name) for name in ("ann", "bob", "eve") if trust.payer(name).is_stranger]
        assert trust.strangers_unpaid_bytes == sum(standing.unpaid_bytes for standing in strangers)
