"""What a devnet that fails and lies on order comes to, seen through the chain door over HTTP."""

from collections.abc import Callable, Iterator

import pytest

from tests.chains import ASSETS, TRX, DevnetBox
from tests.devnet import RunningDevnet, private_key
from wallet.chain.endpoints import Chain
from wallet.chain.port import BadAnswer, BroadcastCode, ChainBusy, ChainEndpoint, ChainLied, ChainUnreachable
from wallet.domain.networks import DEVNET
from wallet.domain.tron.keys import address_of_key
from wallet.domain.tron.transactions import TransferTrx, TriggerContract, encode_transaction

ANNA = address_of_key(private_key("anna"))


class Scene:
    """A chain with a payment and a failed call in one solid block. Its second port is the one that fails and lies."""

    def __init__(self) -> None:
        self.box = DevnetBox(with_second_port=True)
        url = self.box.devnet.second_url
        assert url
        self.honest, self.faulty = self.box.endpoint, self.box.endpoint_at(url)
        self.second = RunningDevnet({"url": url, "trc10_id": 0, "trc20": "", "funded": []})
        self.paid = self.box.pay_trx(ANNA, TRX)
        self.box.send(TriggerContract(self.box.rich, ASSETS.trc20_contract, b"what?"))
        self.solid = self.box.settle()
        self.block = self.honest.blocks(self.solid, self.solid)[0]
        self.chain = Chain((self.honest, self.faulty), DEVNET)

    def forget(self) -> None:
        self.second.order("lie", kind="none")
        self.second.order("fail", times=0)
        self.chain = Chain((self.honest, self.faulty), DEVNET)

    def close(self) -> None:
        self.second.close()
        self.box.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.close()


@pytest.fixture
def scene(shared: Scene) -> Iterator[Scene]:
    yield shared
    shared.forget()


Question = Callable[[Scene, ChainEndpoint], object]
QUESTIONS: dict[str, Question] = {
    "genesis": lambda _, endpoint: endpoint.genesis_id(),
    "heights": lambda _, endpoint: endpoint.heights(),
    "blocks": lambda scene, endpoint: endpoint.blocks(0, scene.solid),
    "receipts": lambda scene, endpoint: endpoint.receipts(scene.block),
    "transaction": lambda scene, endpoint: endpoint.transaction(scene.paid, solid=True),
}
LIES = [
    ("other_network", "heights", ChainLied),
    ("altered_amount", "blocks", ChainLied),
    ("altered_amount", "transaction", ChainLied),
    ("false_success", "blocks", ChainLied),
    ("false_success", "receipts", ChainLied),
    ("missing_block", "blocks", ChainLied),
    ("doubled_block", "blocks", ChainLied),
    ("unordered_blocks", "blocks", ChainLied),
    ("short_receipts", "receipts", BadAnswer),
]


class TestALie:
    @pytest.mark.parametrize("name", QUESTIONS)
    def test_is_none_at_first(self, scene: Scene, name: str) -> None:
        assert QUESTIONS[name](scene, scene.faulty) == QUESTIONS[name](scene, scene.honest)

    @pytest.mark.parametrize(("kind", "name", "error"), LIES)
    def test_is_an_error_and_never_a_value(self, scene: Scene, kind: str, name: str, error: type[Exception]) -> None:
        scene.second.order("lie", kind=kind)
        with pytest.raises(error):
            QUESTIONS[name](scene, scene.faulty)

    def test_about_the_first_block_is_another_network(self, scene: Scene) -> None:
        scene.second.order("lie", kind="wrong_genesis")
        with pytest.raises(ChainLied, match="of another network"):
            scene.chain.check()

    def test_of_silence_keeps_a_transaction_from_being_dead_or_final(self, scene: Scene) -> None:
        scene.second.order("lie", kind="hidden_transactions")
        assert [sighting.found for sighting in scene.chain.sightings(scene.paid)] == [True, False]
        assert scene.chain.receipt(scene.paid, solid=True) is None
        assert scene.chain.transaction(scene.paid, solid=True) is not None

    def test_of_age_holds_the_agreement_back(self, scene: Scene) -> None:
        before = scene.second.order("info")["lag"]["solid"]
        scene.second.order("lag", solid=before + 2)
        try:
            assert scene.chain.solid_agreement().number == scene.honest.heights().solid.number - 2
        finally:
            scene.second.order("lag", solid=before)


class TestAFailure:
    @pytest.mark.parametrize(
        ("kind", "error"),
        [
            ("error", ChainBusy),
            ("403", ChainBusy),
            ("429", ChainBusy),
            ("500", ChainUnreachable),
            ("502", ChainUnreachable),
            ("broken_json", BadAnswer),
            ("plain_text", BadAnswer),
            ("empty", BadAnswer),
            ("cut", ChainUnreachable),
        ],
    )
    def test_of_a_read_says_whether_to_wait(self, scene: Scene, kind: str, error: type[Exception]) -> None:
        scene.second.order("fail", kind=kind, where="reads")
        with pytest.raises(error) as problem:
            scene.faulty.heights()
        assert type(problem.value) is error
        scene.faulty.heights()

    def test_to_answer_ends_in_time(self, scene: Scene) -> None:
        hasty = scene.box.endpoint_at(scene.second.url, patience_s=0.3)
        scene.second.order("fail", kind="timeout", where="everything", times=2)
        with pytest.raises(ChainUnreachable):
            hasty.heights()
        signed = scene.box.signed(TransferTrx(scene.box.rich, ANNA, TRX))
        assert hasty.broadcast(encode_transaction(signed)).code is BroadcastCode.UNKNOWN

    @pytest.mark.parametrize("is_accepted", [False, True])
    @pytest.mark.parametrize(
        ("kind", "answer"),
        [
            *((code, code) for code in sorted(set(BroadcastCode) - {"SUCCESS", "UNKNOWN"})),
            *((kind, "UNKNOWN") for kind in ("error", "403", "429", "500", "502", "broken_json", "plain_text", "cut")),
        ],
    )
    def test_of_a_broadcast_proves_nothing(self, scene: Scene, kind: str, answer: str, *, is_accepted: bool) -> None:
        scene.second.order("fail", kind=kind, after_accept=is_accepted)
        signed = scene.box.signed(TransferTrx(scene.box.rich, ANNA, TRX))
        assert scene.faulty.broadcast(encode_transaction(signed)).code == answer
        found = scene.honest.transaction(signed.tx_id, solid=False)
        assert (found is not None) is is_accepted

    def test_may_swallow_what_was_accepted(self, scene: Scene) -> None:
        scene.second.order("fail", kind="swallow")
        signed = scene.box.signed(TransferTrx(scene.box.rich, ANNA, TRX))
        assert scene.faulty.broadcast(encode_transaction(signed)).code is BroadcastCode.SUCCESS
        scene.box.mine()
        assert scene.honest.receipt(signed.tx_id, solid=False) is None
