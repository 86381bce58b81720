"""What our code never does, so that nothing a stranger writes can become code, a query or a command."""

import ast
import re

from tests.test_tidy import APPS, called, complain, nodes, text, tracked

RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
MAKES_OBJECTS = {"pickle", "marshal", "shelve", "dill", "yaml", "jsonpickle"}
SHELLS = {"system", "popen", "getoutput"}
TAKES_SQL = {"execute", "executemany", "raw", "extra", "RawSQL"}
# Made of constants, and of the tables and columns of models: nothing that anybody types.
MADE_OF_OUR_NAMES = {
    ("wallet/services/snapshot.py", "statement"),
    ("wallet/services/kept_sums.py", "statement"),
    ("seedbox/config/benches/dashboard_books.py", "statement"),
}
JS_RUNS_TEXT = re.compile(r"\beval\(|new Function\(|innerHTML\s*=|outerHTML\s*=|insertAdjacentHTML|document\.write")


def python() -> list[str]:
    return [path for path in tracked(".py") if path.startswith(APPS)]


def calls(path: str) -> list[ast.Call]:
    return [node for node in nodes(path) if isinstance(node, ast.Call)]


def is_fixed(statement: ast.expr) -> bool:
    """Say whether it is written out, there or as a constant of its module."""
    return isinstance(statement, ast.Constant) or (isinstance(statement, ast.Name) and statement.id.isupper())


class TestOurOwnCode:
    def test_evaluates_nothing(self) -> None:
        found = [
            f"{path}:{call.lineno}: {called(call)} runs text"
            for path in python()
            for call in calls(path)
            if isinstance(call.func, ast.Name) and call.func.id in RUNS_TEXT
        ]
        scripts = [path for path in tracked(".js") if path.startswith("static/")]
        found += [f"{path}: runs text or writes markup" for path in scripts if JS_RUNS_TEXT.search(text(path))]
        complain(found)

    def test_makes_no_template_of_text(self) -> None:
        complain(
            [
                f"{path}:{call.lineno}: templates are files"
                for path in python()
                for call in calls(path)
                if called(call) in ("Template", "from_string", "mark_safe")
            ]
        )
        complain(
            [f"{path}: escape it" for path in tracked(".html") if re.search(r"\|safe\b|autoescape off", text(path))]
        )

    def test_puts_no_text_together_for_the_database(self) -> None:
        complain(
            [
                f"{path}:{call.lineno}: hand values over as parameters"
                for path in python()
                if "/migrations/" not in path
                for call in calls(path)
                if called(call) in TAKES_SQL and call.args and not is_fixed(call.args[0])
                if (path, ast.unparse(call.args[0])) not in MADE_OF_OUR_NAMES
                if "cursor" in ast.unparse(call.func) or called(call) in ("raw", "extra", "RawSQL")
            ]
        )

    def test_starts_no_shell(self) -> None:
        complain(
            [
                f"{path}:{call.lineno}: name the program and its words"
                for path in python()
                for call in calls(path)
                if called(call) in ("system", "popen", "getoutput")
                or any(word.arg == "shell" for word in call.keywords)
            ]
        )

    def test_reads_no_objects_from_bytes(self) -> None:
        complain(
            [
                f"{path}:{node.lineno}: {node.names[0].name} makes objects of bytes"
                for path in python()
                for node in nodes(path)
                if isinstance(node, ast.Import) and {alias.name for alias in node.names} & MAKES_OBJECTS
            ]
        )
