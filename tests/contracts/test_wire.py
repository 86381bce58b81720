"""What the market may rely on of its door to other nodes, on sockets of this machine and in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest

from speed.domain.messages import Ask, Bye, SignedTotal, Vouchers, Withdraw
from speed.wire.door import WebSocketDoor
from speed.wire.joined import JoinedDoor, Lobby
from speed.wire.port import DialFailed, Door, Hearer, Identity
from tests.speed_doors import HUB, OTHER_HUB, STRANGE_HUB, Ear, identity

MakeDoor = Callable[[Identity, Hearer], Door]
SELLER, BUYER = identity(1, HUB, OTHER_HUB, ports=(6881, 6882)), identity(2, OTHER_HUB, HUB, STRANGE_HUB)
LAST = Vouchers((SignedTotal(bytes(16), 7, bytes(65)),), ())


@pytest.fixture(params=["on sockets", "in memory"])
def stage(request: pytest.FixtureRequest) -> "Stage":
    return Stage(in_memory=request.param == "in memory")


class Stage:
    """A seller that listens, and whoever shall call."""

    def __init__(self, *, in_memory: bool) -> None:
        self._lobby = Lobby() if in_memory else None
        self.listen = ("127.0.0.1:6890",) if in_memory else ("127.0.0.1:0",)
        self._doors: list[Door] = []

    def run(self, play: Callable[["Stage"], Coroutine[None, None, None]]) -> None:
        async def all_of_it() -> None:
            async with self.open():
                await play(self)

        asyncio.run(all_of_it())

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        self.sellers_ear, self.ear = Ear(), Ear()
        self.seller = self.door(SELLER, self.sellers_ear)
        self.buyer = self.door(BUYER, self.ear)
        (self.endpoint,) = await self.seller.serve(self.listen)
        try:
            yield
        finally:
            for door in self._doors:
                await door.close()

    def door(self, who: Identity, ear: Hearer) -> Door:
        made = JoinedDoor(who, ear, lobby=self._lobby) if self._lobby else WebSocketDoor(who, ear)
        self._doors.append(made)
        return made


class TestALink:
    def test_tells_both_ends_who_the_other_is(self, stage: Stage) -> None:
        async def play(stage: Stage) -> None:
            link = await stage.buyer.dial(stage.endpoint)
            assert stage.ear.links == [link]
            await stage.sellers_ear.until(lambda: stage.sellers_ear.links, "a caller")
            (theirs,) = stage.sellers_ear.links
            assert (link.peer_key, theirs.peer_key) == (SELLER.public_key, BUYER.public_key)
            assert link.hubs == theirs.hubs == {HUB, OTHER_HUB}
            assert (link.data_ports, theirs.data_ports) == ((6881, 6882), (6881,))
            assert link.callee_nonce == theirs.callee_nonce
            assert len(link.callee_nonce) == 16
            assert (link.is_ours, theirs.is_ours) == (True, False)
            assert link.endpoint == stage.endpoint
            assert link.address == theirs.address == "127.0.0.1"
            assert link.place == theirs.place == "127.0.0.1/32"

        stage.run(play)

    def test_carries_messages_both_ways_in_their_order(self, stage: Stage) -> None:
        said = [Ask((bytes([number]) * 20,)) for number in range(100)]

        async def play(stage: Stage) -> None:
            stage.sellers_ear.answer = lambda link, message: link.send(message)
            link = await stage.buyer.dial(stage.endpoint)
            for message in said:
                link.send(message)
            await stage.ear.until(lambda: len(stage.ear.messages) == len(said), "all answers")
            assert stage.sellers_ear.messages == stage.ear.messages == said

        stage.run(play)

    def test_may_carry_a_last_voucher_behind_a_bye_and_ends_when_both_have_said_it(self, stage: Stage) -> None:
        async def play(stage: Stage) -> None:
            def pay(link: object, message: object) -> None:
                if isinstance(message, Bye):
                    stage.ear.links[0].send(LAST)
                    stage.ear.links[0].close("paid")

            stage.ear.answer = pay
            await stage.buyer.dial(stage.endpoint)
            await stage.sellers_ear.until(lambda: stage.sellers_ear.links, "a caller")
            theirs = stage.sellers_ear.links[0]
            theirs.close("sold\nout")
            await stage.ear.until(lambda: stage.ear.ended, "an end at the buyer")
            await stage.sellers_ear.until(lambda: stage.sellers_ear.ended, "an end at the seller")
            assert stage.ear.messages == [Bye("soldout")]
            assert stage.sellers_ear.messages == [LAST, Bye("paid")]
            theirs.send(Withdraw(bytes(16)))
            theirs.close("twice")
            assert len(stage.ear.ended) == len(stage.sellers_ear.ended) == 1

        stage.run(play)

    def test_of_a_door_that_closes_ends_without_a_word_after_what_was_said(self, stage: Stage) -> None:
        async def play(stage: Stage) -> None:
            await stage.buyer.dial(stage.endpoint)
            await stage.sellers_ear.until(lambda: stage.sellers_ear.links, "a caller")
            stage.sellers_ear.links[0].send(LAST)
            await stage.seller.close()
            assert len(stage.sellers_ear.ended) == 1
            await stage.ear.until(lambda: stage.ear.ended, "an end at the buyer")
            assert stage.ear.messages == [LAST]

        stage.run(play)


class TestADoor:
    def test_reaches_nobody_where_nobody_listens(self, stage: Stage) -> None:
        async def play(stage: Stage) -> None:
            await stage.seller.stop_serving()
            with pytest.raises(DialFailed):
                await stage.buyer.dial(stage.endpoint)
            assert stage.ear.links == []

        stage.run(play)

    def test_keeps_its_links_when_it_listens_no_more(self, stage: Stage) -> None:
        async def play(stage: Stage) -> None:
            link = await stage.buyer.dial(stage.endpoint)
            await stage.seller.stop_serving()
            link.send(LAST)
            await stage.sellers_ear.until(lambda: stage.sellers_ear.messages == [LAST], "a voucher")

        stage.run(play)

    def test_calls_nobody_again_at_once(self, stage: Stage) -> None:
        async def play(stage: Stage) -> None:
            await stage.buyer.dial(stage.endpoint)
            with pytest.raises(DialFailed) as refused:
                await stage.buyer.dial(stage.endpoint)
            assert 0 < refused.value.wait_s <= 5
            assert len(stage.sellers_ear.links) <= 1

        stage.run(play)

    @pytest.mark.parametrize(
        ("who", "why"), [(identity(1), "one key"), (identity(3, STRANGE_HUB), "no hub")], ids=["ourselves", "no hub"]
    )
    def test_trades_neither_with_itself_nor_without_a_common_hub(self, stage: Stage, who: Identity, why: str) -> None:
        async def play(stage: Stage) -> None:
            with pytest.raises(DialFailed, match=why):
                await stage.door(who, stage.ear).dial(stage.endpoint)
            assert stage.ear.links == stage.sellers_ear.links == []

        stage.run(play)

    def test_lets_a_key_in_four_times(self, stage: Stage) -> None:
        async def play(stage: Stage) -> None:
            links = [await stage.door(BUYER, stage.ear).dial(stage.endpoint) for _ in range(4)]
            await stage.sellers_ear.until(lambda: len(stage.sellers_ear.links) == 4, "four links")
            await self._is_refused(stage)
            stage.sellers_ear.answer = lambda link, message: link.close("so be it")
            links[0].close("room for another")
            await stage.sellers_ear.until(lambda: stage.sellers_ear.ended, "an end")
            await stage.door(BUYER, stage.ear).dial(stage.endpoint)
            await stage.sellers_ear.until(lambda: len(stage.sellers_ear.links) == 5, "another link")

        stage.run(play)

    async def _is_refused(self, stage: Stage) -> None:
        """The caller may believe for a moment that he is in: the callee has the last word."""
        before, links = len(stage.ear.ended), len(stage.ear.links)
        try:
            await stage.door(BUYER, stage.ear).dial(stage.endpoint)
        except DialFailed:
            assert len(stage.ear.links) == links
        else:
            await stage.ear.until(lambda: len(stage.ear.ended) > before, "an end of the fifth")
        assert len(stage.sellers_ear.links) == 4
