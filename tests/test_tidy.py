"""What machines can check of our style beyond ruff and mypy. Each complaint is a sentence that says what to do."""

import ast
import functools
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from seedbox.config.env import ROOT

FILE_LINES = 400
NINE_FILES_IN_TEN_LINES = 250
FUNCTION_LINES = 70
# Larger than allowed, at what they are: a number here may only shrink, and goes when it is no longer needed.
LARGER_FILES: dict[str, int] = {}
LARGER_FUNCTIONS: dict[str, int] = {}

BANNED_MODULES = {"base", "common", "core", "handlers", "helpers", "managers", "misc", "mixins", "utils"}
# There is a word of ours for each: a noun of the trade; speed or quote; and a session is somebody's login.
BANNED_WORDS = {"helper", "helpers", "manager", "mixin", "handler", "processor", "util", "utils", "rate"}
BANNED_BEHIND_THE_EDGE = {"session"}  # say engine or login
BANNED_AT_THE_SIGNER = {"wallet"}  # that is the app; say keys, keystore or set of keys
EDGES = ("seedbox/config/", "seedbox/web/", "seedbox/engine/", "tests/")  # Django's and libtorrent's own words
NOT_OUR_NAMES = ("seedbox/config/settings.py",)  # Django chose the names of its settings
OVERRIDDEN = {"thread_handler"}  # of asgiref: what we extend keeps its name

APPS = ("seedbox", "wallet", "speed")
FOUND_BY_NAME = ("apps", "tasks", "admin", "models", "conftest", "__init__", "__main__")  # by Django, Celery, pytest
VARIABLE = re.compile(r'"((?:SEEDBOX|NODE|SPEED|WALLET|DATABASE|REDIS)_[A-Z_]+)"')
MACHINE_PATH = re.compile(r"/(?:tmp|work|farm|root)/[a-z.]")
# In pieces, so that this file does not name what it forbids.
REGISTRY = re.compile(
    "|".join(("py" + r"pi\.(?:org|python)", "python" + "hosted", "npm" + r"js\.", "index-" + r"url\b.*://"))
)
EXCUSE = re.compile(r"#\s*(?:type: ignore|noqa|pyright)[^#]*$")
SKIPS = re.compile(r"\b(?:mark\.skip|mark\.xfail|skipif|importorskip|pytest\.skip|pytest\.xfail)\b")


@functools.cache
def tracked(*suffixes: str) -> tuple[str, ...]:
    """Return the files that git knows and that exist, by their path from the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for path in listed.split("\0") if path.endswith(suffixes or "") and (ROOT / path).is_file())


@functools.cache
def text(path: str) -> str:
    return (ROOT / path).read_text(errors="replace")


@functools.cache
def tree(path: str) -> ast.Module:
    return ast.parse(text(path), path)


@functools.cache
def nodes(path: str) -> tuple[ast.AST, ...]:
    """Return all nodes of a module; walking it anew for each question takes as long as reading it."""
    return tuple(ast.walk(tree(path)))


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def ours(*suffixes: str) -> list[str]:
    return [path for path in tracked(*suffixes) if "/migrations/" not in path]


def functions(path: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def line_count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def complain(sentences: list[str]) -> None:
    assert not sentences, "\n" + "\n".join(sentences)


def over(sizes: dict[str, int], limit: int, recorded: dict[str, int]) -> list[str]:
    """Return a sentence for each size above the limit, or above its record, and for each record that could shrink."""
    too_large = [
        f"{name} has {size} lines, allowed are {recorded.get(name, limit)}: give a part of it a name of its own"
        for name, size in sizes.items()
        if size > recorded.get(name, limit)
    ]
    stale = [
        f"{name} is recorded with {size} lines and has {sizes.get(name, 0)}: lower the record, or drop it up to {limit}"
        for name, size in recorded.items()
        if sizes.get(name, 0) < size or size <= limit
    ]
    return too_large + stale


class TestSizes:
    def test_files_stay_short(self) -> None:
        sizes = {path: len(text(path).splitlines()) for path in ours(".py", ".js", ".css", ".html")}
        complain(over(sizes, FILE_LINES, LARGER_FILES))

    def test_nine_files_in_ten_are_shorter_still(self) -> None:
        sizes = sorted(len(text(path).splitlines()) for path in ours(".py"))
        assert sizes[len(sizes) * 9 // 10] <= NINE_FILES_IN_TEN_LINES, "too many long files: split the longest"

    def test_functions_stay_short(self) -> None:
        sizes = {f"{path}:{node.name}": line_count(node) for path in ours(".py") for node in functions(path)}
        complain(over(sizes, FUNCTION_LINES, LARGER_FUNCTIONS))

    def test_the_ratchet_only_tightens(self) -> None:
        recorded = {"shrunk.py": 500, "grown.py": 500, "same.py": 500, "gone.py": 500}
        sizes = {"shrunk.py": 450, "grown.py": 501, "same.py": 500, "new.py": 401, "small.py": 400}
        assert [sentence.split()[0] for sentence in over(sizes, 400, recorded)] == [
            "grown.py",
            "new.py",
            "shrunk.py",
            "gone.py",
        ]


class TestNames:
    def test_of_modules_say_what_is_inside(self) -> None:
        complain(
            [
                f"{path}: a module named {part} can hold anything; name it after what it holds"
                for path in ours(".py")
                for part in Path(path).with_suffix("").parts
                if part in BANNED_MODULES or f"{part}s" in BANNED_MODULES
            ]
        )

    def test_have_one_meaning_per_word(self) -> None:
        complain(
            [
                f"{path}:{line}: {name}: the word {word} means too much; say it in ours"
                for path in ours(".py")
                if path not in NOT_OUR_NAMES
                for name, line in names_we_chose(path)
                if name not in OVERRIDDEN
                for word in words(name)
                if word in BANNED_WORDS
                or (word in BANNED_BEHIND_THE_EDGE and not path.startswith(EDGES))
                or (word in BANNED_AT_THE_SIGNER and path.startswith("wallet/signer/"))
            ]
        )


def names_we_chose(path: str) -> Iterator[tuple[str, int]]:
    for node in nodes(path):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno


def words(name: str) -> list[str]:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_")


LOADED = re.compile(r"{% load ([a-z0-9_ ]+) %}")


class TestModules:
    def test_import_at_their_head(self) -> None:
        complain(
            [
                f"{path}:{inner.lineno}: move the import to the head of the module"
                for path in ours(".py")
                for function in functions(path)
                for inner in ast.walk(function)
                if isinstance(inner, ast.Import | ast.ImportFrom)
            ]
        )

    def test_are_all_used(self) -> None:
        used = {name for path in tracked(".py") for name in modules_named_in(path)}
        used |= set(re.findall(r"tests\.[a-z_.]+", text("pyproject.toml")))
        loaded = {name for path in ours(".html") for names in LOADED.findall(text(path)) for name in names.split()}
        used |= {f"{app}.templatetags.{name}" for app in APPS for name in loaded}
        complain([f"{path}: nobody imports it; use it or remove it" for path in ours(".py") if is_dead(path, used)])

    def test_give_a_reason_with_each_exception_to_a_rule(self) -> None:
        complain(
            [
                f"{path}:{number}: say why, in a comment behind it"
                for path in ours(".py")
                for number, line in enumerate(text(path).splitlines(), 1)
                if EXCUSE.search(line)
            ]
        )


def modules_named_in(path: str) -> Iterator[str]:
    """Yield the modules that a file imports, or names in a string as settings and commands do; itself not."""
    for node in nodes(path):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Constant(value=str(value)) if value.startswith((*APPS, "tests.")):
                name = value.partition(":")[0]
                yield from (name, name.rpartition(".")[0])


def is_dead(path: str, used: set[str]) -> bool:
    module = Path(path).with_suffix("")
    is_entry = module.name in FOUND_BY_NAME or module.name.startswith("test_") or "commands" in module.parts
    return not is_entry and len(module.parts) > 1 and ".".join(module.parts) not in used


class TestTests:
    def test_wait_for_events_and_never_sleep(self) -> None:
        complain(
            [
                f"{path}:{node.lineno}: wait for an event, with a limit and a message"
                for path in ours(".py")
                if path.startswith("tests/")
                for node in nodes(path)
                if isinstance(node, ast.Call) and called(node) == "sleep"
            ]
        )

    def test_draw_more_examples_when_more_are_to_be_proved(self) -> None:
        complain(
            [
                f"{path}:{node.value.lineno}: multiply it by PROVE, or make prove draws no more than make test"
                for path in ours(".py")
                if path.startswith("tests/")
                for node in nodes(path)
                if isinstance(node, ast.keyword) and node.arg == "max_examples" and isinstance(node.value, ast.Constant)
            ]
        )

    def test_are_never_skipped(self) -> None:
        complain(
            [
                f"{path}: a test that does not run proves nothing; let it fail and name what is missing"
                for path in ours(".py")
                if path.startswith("tests/") and path != "tests/test_tidy.py" and SKIPS.search(text(path))
            ]
        )


class TestPapers:
    def test_explain_every_environment_variable(self) -> None:
        read = set(VARIABLE.findall(text("seedbox/config/env.py")))
        explained = set(re.findall(r"^\| `([A-Z_]+)` \|", text("README.md"), re.MULTILINE))
        assert read == explained, f"README's table and env.py differ in {sorted(read ^ explained)}"

    def test_give_the_reason_for_every_dependency(self) -> None:
        explained = set(re.findall(r"^\| (@?[A-Za-z][\w./-]*) \|", text("docs/why.md"), re.MULTILINE)) - {"package"}
        direct = python_dependencies() | npm_dependencies()
        assert direct == explained, f"docs/why.md and the dependencies differ in {sorted(direct ^ explained)}"

    def test_name_only_files_that_exist(self) -> None:
        complain(
            [
                f"{path}: there is no {target}"
                for path in tracked(".md")
                for target in re.findall(r"\]\(([\w./-]+)\)", text(path))
                if not (ROOT / path).parent.joinpath(target).exists()
            ]
        )


def python_dependencies() -> set[str]:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {re.split(r"[\[~=<>! ]", line)[0] for line in lines}


def npm_dependencies() -> set[str]:
    package = json.loads(text("package.json"))
    return {*package.get("dependencies", {}), *package.get("devDependencies", {})}


class TestWhatIsTracked:
    def test_names_no_path_of_one_machine_and_no_registry(self) -> None:
        complain(
            [
                f"{path}:{number}: no paths of one machine, no addresses of package registries"
                for path in tracked()
                for number, line in enumerate(text(path).splitlines(), 1)
                if MACHINE_PATH.search(line) or REGISTRY.search(line)
            ]
        )

    def test_locks_python_packages_by_hash_and_without_addresses(self) -> None:
        for path in ("requirements/run.txt", "requirements/dev.txt"):
            entries = re.split(r"\n(?=\S)", text(path).strip())
            complain([f"{path}: {entry.split()[0]} has no hash" for entry in entries if "--hash=sha256:" not in entry])
            assert "://" not in text(path), f"{path} carries an address"
        locked = {
            re.split(r"[=; ]", line)[0] for line in text("requirements/dev.txt").splitlines() if line[0].isalpha()
        }
        missing = {re.sub(r"[._]", "-", name).lower() for name in python_dependencies()} - locked
        assert not missing, f"run `make lock`: {sorted(missing)} are not locked"

    def test_locks_npm_packages_by_hash_and_without_addresses(self) -> None:
        packages = {name: entry for name, entry in json.loads(text("package-lock.json"))["packages"].items() if name}
        complain(
            [f"package-lock.json: {name} has no hash" for name, entry in packages.items() if "integrity" not in entry]
        )
        complain(
            [f"package-lock.json: {name} has an address" for name, entry in packages.items() if "resolved" in entry]
        )
        missing = {f"node_modules/{name}" for name in npm_dependencies()} - set(packages)
        assert not missing, f"run `make lock`: {sorted(missing)} are not locked"

    def test_has_migrations_in_step_with_the_models(self) -> None:
        loader = MigrationLoader(None)
        changes = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(
            graph=loader.graph
        )
        assert not changes, f"run `manage.py makemigrations`: {changes}"
