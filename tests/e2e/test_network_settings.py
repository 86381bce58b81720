"""An admin says how the node shall reach the world, and sees what the node answers."""

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.e2e.browser import picture, violations
from tests.e2e.steps import sign_in

if TYPE_CHECKING:
    from tests.box import Box

MISSING = "203.0.113.77"


class TestAnAdmin:
    def test_sees_a_way_out_that_is_missing_and_one_that_is_there(self, page: Page, box: "Box") -> None:
        sign_in(page, box.admin_user, box.admin_password)
        page.get_by_role("link", name="Health").click()
        page.get_by_role("link", name="Network settings of node").click()
        expect(page.get_by_role("heading", name="Network of node local")).to_be_visible()
        assert violations(page) == []

        page.get_by_label("Interface").fill("no such device")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Write the name of a network device")).to_be_visible()
        expect(page.get_by_label("Interface")).to_have_value("no such device")
        assert violations(page) == []

        answer = page.get_by_role("region", name="How it stands")
        page.get_by_label("Interface").fill(MISSING)
        page.get_by_role("button", name="Save").click()
        expect(answer.get_by_text("Failed")).to_be_visible()
        expect(answer.get_by_text(f"No interface of this machine has the address {MISSING}")).to_be_visible()
        picture(page, "network-failed")
        assert violations(page) == []

        page.get_by_label("Interface").fill("127.0.32.7")
        page.get_by_role("button", name="Save").click()
        expect(answer.get_by_text("Applied")).to_be_visible()
        expect(answer.get_by_text(f"127.0.32.7:{box.node_port}")).to_be_visible()
        assert violations(page) == []
