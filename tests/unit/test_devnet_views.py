from tests.devnet_scene import ALICE, BOB, TRX, Scene, trx


class TestAView:
    def test_of_the_head_shows_what_is_pending_and_the_solid_one_ends_earlier(self) -> None:
        scene = Scene(solid_lag=2)
        scene.pay(ALICE, 10)
        assert scene.solid.account(ALICE.address) is None
        answer = scene.send(scene.raw(trx(ALICE, BOB)), ALICE)
        assert scene.account(BOB).balance_sun == TRX
        assert scene.head.transaction(answer.tx_id) is not None
        assert scene.head.info(answer.tx_id) is None
        scene.block(2)
        solid = scene.solid.account(ALICE.address)
        assert solid is not None
        assert solid.balance_sun == 10 * TRX
        assert scene.solid.info(answer.tx_id) is None
        scene.block()
        assert scene.solid.info(answer.tx_id) == scene.head.info(answer.tx_id)
