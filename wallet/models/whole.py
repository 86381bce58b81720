"""A check that a column holds what its type says."""

from typing import Any

from django.db.models import BooleanField, Func

Params = tuple[str | int, ...]


class Whole(Func):
    """True where all those columns are integers of 64 bits.

    SQLite keeps a fraction in an integer column, and makes one of a sum beyond 64 bits. PostgreSQL does neither.
    """

    output_field = BooleanField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Params]:
        return self._all(compiler, "typeof({}) = 'integer'")

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Params]:
        return self._all(compiler, "pg_typeof({}) = 'bigint'::regtype")

    def _all(self, compiler: Any, check: str) -> tuple[str, Params]:
        parts: list[str] = []
        params: list[str | int] = []
        for expression in self.source_expressions:
            sql, more = compiler.compile(expression)
            parts.append(check.format(sql))
            params += more
        return f"({' AND '.join(parts)})", tuple(params)
