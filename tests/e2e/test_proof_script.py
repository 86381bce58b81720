"""proof.js in a real Chromium: it takes and refuses what wallet/domain/proofs.py does, under a strict policy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import DESKTOP, open_page
from tests.proofs import make_inclusion, make_liability, spoiled
from wallet.domain.proofs import verify

ORIGIN = "http://localhost:8000"  # nobody listens: the test answers. Browsers hash at https and localhost only.
SCRIPT = Path(__file__).parents[2] / "static" / "proof.js"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'"
PAGE = """<!doctype html><html lang="en"><head><title>t</title><link rel="icon" href="data:,">
<script type="module" src="/proof.js"></script></head><body>
<script type="application/json" id="proof">{proof}</script>
<button data-verify="proof" data-verify-answer="answer">Verify</button>
<p id="answer" role="status"></p></body></html>"""
CHECK = """async (proofs) => {
    const { verify, BadProof } = await import("/proof.js");
    const check = (proof) => verify(proof).then((found) => found, (problem) => {
        if (problem instanceof BadProof) return { refused: problem.message };
        throw problem;
    });
    return Promise.all(proofs.map(check));
}"""


def serve(route: Route, proof: dict[str, Any]) -> None:
    if route.request.url.endswith("proof.js"):
        route.fulfill(path=SCRIPT, content_type="text/javascript")
    else:
        body = PAGE.format(proof=json.dumps(proof).replace("<", "\\u003c"))
        route.fulfill(body=body, content_type="text/html", headers={"Content-Security-Policy": POLICY})


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser, ORIGIN, DESKTOP) as page:
        yield page


def show(page: Page, proof: dict[str, Any]) -> None:
    page.unroute_all()
    page.route("**/*", lambda route: serve(route, proof))
    page.goto("/")


def check(page: Page, proofs: list[dict[str, Any]]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = page.evaluate(CHECK, proofs)
    return found


class TestTheProofScript:
    def test_finds_what_python_finds(self, page: Page) -> None:
        proofs = [make_inclusion(index=index, sizes=(size, 2)) for size in (1, 2, 3, 7) for index in range(size)]
        proofs += [make_liability(index=index) for index in range(16)]
        proofs += [make_inclusion(index=999, sizes=(1_000,)), make_inclusion(links=0), make_inclusion(links=1)]
        show(page, {})
        found = check(page, proofs)
        for proof, one in zip(proofs, found, strict=True):
            verified = verify(proof)
            assert one == {"sentence": verified.sentence, "hash": verified.hash}

    @pytest.mark.parametrize("make", [make_inclusion, make_liability])
    def test_refuses_a_proof_with_anything_changed(self, page: Page, make: Any) -> None:
        show(page, {})
        changes = list(spoiled(make()))
        found = check(page, [proof for _, proof in changes])
        taken = [change for (change, _), one in zip(changes, found, strict=True) if "refused" not in one]
        assert not taken

    def test_answers_a_button_on_the_page(self, page: Page) -> None:
        show(page, make_inclusion())
        page.get_by_role("button", name="Verify").click()
        verified = verify(make_inclusion())
        answer = f"{verified.sentence} The proof holds if this is the hash that was published: {verified.hash}"
        expect(page.get_by_role("status")).to_have_text(answer)
        expect(page.get_by_role("status")).to_have_attribute("data-verified", "yes")

    def test_tells_at_the_button_what_is_wrong(self, page: Page) -> None:
        show(page, make_inclusion() | {"leaf": "0" * 64})
        page.get_by_role("button", name="Verify").click()
        expect(page.get_by_role("status")).to_have_text("The transfer is not the one that the leaf was made of.")
        expect(page.get_by_role("status")).to_have_attribute("data-verified", "no")

    def test_says_where_a_browser_does_not_hash(self, browser: Browser) -> None:
        with open_page(browser, "http://box.test", DESKTOP) as page:
            show(page, make_inclusion())
            page.get_by_role("button", name="Verify").click()
            expect(page.get_by_role("status")).to_contain_text("it wants https, or localhost")
