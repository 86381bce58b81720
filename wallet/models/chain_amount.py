"""Amounts as the chain counts them: up to 78 digits, more than any integer column holds."""

from typing import TYPE_CHECKING, Any

from django.db import models

from wallet.models.whole import Params, Whole

MAX_DIGITS = 78  # of 2²⁵⁶

if TYPE_CHECKING:
    Field = models.Field[int, int]
else:
    Field = models.Field  # takes no types while it runs


class ChainAmountField(Field):
    """A whole number of the chain's smallest units, kept as decimal text: no database turns that into a fraction."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = MAX_DIGITS + 1  # a difference may have a sign
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        return "CharField"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def to_python(self, value: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        if type(value) is not int or len(str(abs(value))) > MAX_DIGITS:
            raise ValueError(f"{value!r} is no amount of the chain's.")
        return str(value)


class Digits(Whole):
    """True where all those columns hold a decimal number above zero, without a sign or zeros before it."""

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Params]:
        return self._all(compiler, "({0} GLOB '[1-9]*' AND {0} NOT GLOB '*[^0-9]*')")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Params]:
        return self._all(compiler, "({0} ~ '^[1-9][0-9]*$')")
