"""The audit log, read by people who do not speak the language of whoever acted."""

import pytest

from seedbox.domain.kept import kept, listed
from seedbox.models import AuditEntry, User
from seedbox.models.audit_entry import Act
from seedbox.models.user import Role
from seedbox.services import audit, people
from tests import made_up_language
from tests.builders import NOW

pytestmark = pytest.mark.django_db

wide = made_up_language.in_wide_letters


class TestALine:
    def test_is_told_in_the_readers_language(self, admin: User, owner: User) -> None:
        people.set_role(user_id=owner.pk, role=Role.ADMIN, origin=audit.Origin(admin), now=NOW)
        line = AuditEntry.objects.get()
        assert line.says == "From member to admin"
        with made_up_language.spoken():
            words = {"before": wide("member"), "after": wide("admin")}
            assert line.says == wide("From %(before)s to %(after)s") % words

    def test_that_names_several_things_does_so_in_the_readers_language(self) -> None:
        audit.record_setting(listed(["proxy host", "proxy port"]), origin=audit.command_line(), now=NOW)
        with made_up_language.spoken():
            assert AuditEntry.objects.get().says == f"{wide('proxy host')}, {wide('proxy port')}"

    def test_for_which_there_is_no_room_stays_a_sentence(self) -> None:
        text = kept("%(first)s and %(second)s", {"first": "a" * 200, "second": "b" * 60})
        audit.record(Act.SETTING_CHANGED, origin=audit.command_line(), now=NOW, detail=text)
        assert AuditEntry.objects.get().detail == f"{'a' * 200} and {'b' * 60}"
