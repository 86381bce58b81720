"""The development chain under many hands at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from tests.devnet_replay import check_supply, replayed
from tests.devnet_scene import ALICE, BOB, Person, Scene, trx
from wallet.devnet.answers import Code

SENDERS = 4
PAYMENTS = 60


class TestThreads:
    def test_may_all_use_one_chain(self) -> None:
        scene = Scene(solid_lag=3)
        people = [Person(f"sender {number}") for number in range(SENDERS)]
        for person in (*people, ALICE, BOB):
            scene.pay(person)
        scene.chain.mine(3)  # so that the solid block knows them
        named = scene.head.tip()
        is_over = threading.Event()

        def send(person: Person) -> list[bytes]:
            raws = [scene.raw(trx(person, BOB, amount_sun), at=named) for amount_sun in range(1, PAYMENTS + 1)]
            answers = [scene.send(raw, person) for raw in raws]
            assert {answer.code for answer in answers} == {Code.SUCCESS}
            return [answer.tx_id for answer in answers]

        def make_blocks() -> None:
            while not is_over.is_set():
                scene.chain.mine()
                scene.chain.reorg(1)

        def read() -> None:
            while not is_over.is_set():
                tip = scene.solid.tip()
                blocks = scene.solid.blocks(max(tip.number - 5, 0), tip.number + 1)
                assert blocks[-1].id == tip.id
                bob = scene.solid.account(BOB.address)
                assert bob is not None
                assert bob.balance_sun >= 1_000_000_000

        with ThreadPoolExecutor(SENDERS + 2) as pool:
            around = [pool.submit(make_blocks), pool.submit(read)]
            try:
                sent = [tx_id for tx_ids in pool.map(send, people) for tx_id in tx_ids]
            finally:
                is_over.set()
            for each in around:
                each.result()
        scene.chain.mine()
        assert all(scene.head.info(tx_id) is not None for tx_id in sent)
        assert scene.account(BOB).balance_sun == 1_000_000_000 + SENDERS * PAYMENTS * (PAYMENTS + 1) // 2
        assert scene.chain.written_values() == dict(replayed(scene.head).items())
        check_supply(scene.chain.written_values())
