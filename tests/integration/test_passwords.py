"""Which passwords are taken: by length alone, unless everybody knows them."""

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from seedbox.config import settings as box_settings
from seedbox.models import User

TAKEN = [
    "twelve chars",
    "correct horse battery staple",
    "каждый день новый пароль",
    "🐴🔋📎✅ four pictures",
    "all small letters",
    "x" * 11 + "y" * 53,
    "long enough " * 10,
]


class TestANewPassword:
    @pytest.mark.parametrize("password", TAKEN)
    def test_may_be_of_any_characters_and_long(self, password: str) -> None:
        validate_password(password, User(username="olga"))

    @pytest.mark.parametrize(
        ("password", "reason"),
        [
            ("eleven char", "too short"),
            ("eleven     " + "  char", "too short"),
            ("x1" * 64 + "y", "too long"),
            ("q1w2e3r4t5y6", "too common"),
            ("1234567890123", "too common"),
            ("olga-the-great", "too similar"),
        ],
    )
    def test_is_refused_with_the_reason(self, password: str, reason: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            validate_password(password, User(username="olga-the-great"))
        assert reason in " ".join(refusal.value.messages)

    def test_is_never_cut(self) -> None:
        kept = make_password("x" * 127 + "y")
        assert check_password("x" * 127 + "y", kept)
        assert not check_password("x" * 127 + "z", kept)

    def test_is_kept_with_a_salt_of_its_own(self) -> None:
        one, other = make_password("twelve chars"), make_password("twelve chars")
        assert one != other

    def test_has_no_hint_and_no_end(self) -> None:
        fields = {field.name for field in User._meta.get_fields()}
        assert not {name for name in fields if "hint" in name or "question" in name or "expire" in name}
        assert not [name for name in vars(box_settings) if "PASSWORD" in name and ("AGE" in name or "HISTORY" in name)]
