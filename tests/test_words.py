"""Whether every sentence of a page can be translated. Each complaint says what to mark, and how."""

import ast
import re
from collections.abc import Iterator

from tests.test_tidy import complain, nodes, ours, text

MARKED = re.compile(r"{% blocktranslate\b.*?{% endblocktranslate %}|{% comment\b.*?{% endcomment %}|{#.*?#}", re.S)
TAG = re.compile(r"{%.*?%}|{{.*?}}", re.S)
NOT_TEXT = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->", re.S)
ELEMENT = re.compile(r"""<(?:"[^"]*"|'[^']*'|[^'">])*>""")
READ_ALOUD = re.compile(
    r"""\b(?:aria-label|aria-description|aria-roledescription|title|placeholder|alt|data-label)=("[^"]*"|'[^']*')"""
)
GIVEN = re.compile(r"""(?:\|default:|\b(?:label|here|empty|none|title|hint)=)("[^"]*"|'[^']*')""")
HOW = """{% translate "…" %}, {% blocktranslate %} or _("…")"""
WORD = re.compile(r"[^\W\d_]{2,}")
IN_A_SCRIPT = re.compile(r"""["'`][A-Z][a-z]+(?:'[a-z])? [a-z][^"`]*["'`]""")
# Names, units and words of addresses: the same in every language.
SAME_EVERYWHERE = {"Seedbox", "UTC", "BTT", "TRX", "TRON", "B", "KiB", "MiB", "GiB", "nbsp", "en", "all"}


def words(said: str) -> bool:
    return bool(set(WORD.findall(said)) - SAME_EVERYWHERE)


def unmarked(source: str) -> Iterator[str]:
    """Yield what a template says without a way to say it otherwise."""
    source = MARKED.sub("", source)
    for tag in TAG.findall(source):
        yield from (given for given in GIVEN.findall(tag) if words(given))
    source = NOT_TEXT.sub("", TAG.sub("", source))
    for element in ELEMENT.findall(source):
        yield from (said for said in READ_ALOUD.findall(element) if words(said))
    yield from (said.strip() for said in ELEMENT.split(source) if words(said))


class TestTemplates:
    def test_have_no_sentence_that_cannot_be_translated(self) -> None:
        complain(
            [
                f"{path}: {said[:60]!r} has no translation: write {HOW}"
                for path in ours(".html", ".txt")
                if path.startswith("templates/")
                for said in unmarked(text(path))
            ]
        )

    def test_are_complained_of_for_each_place_where_words_can_stand(self) -> None:
        assert list(unmarked('<a title="Out">{{ x|default:"no one" }} left</a>{% translate "Fine" %}')) == [
            '"no one"',
            '"Out"',
            "left",
        ]


class TestScripts:
    def test_have_no_sentence_that_cannot_be_translated(self) -> None:
        complain(
            [
                f"{path}:{number}: the sentence has no translation: write gettext(…) around it"
                for path in ours(".js")
                if path.startswith("static/")
                for number, line in enumerate(text(path).splitlines(), start=1)
                if IN_A_SCRIPT.search(line.split("//")[0]) and "gettext(" not in line
            ]
        )


MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext"}
# What marks sentences, too, but not by a name that translators' tools look for.
COLLECTED_AS = {"said": "_", "kept": "_", "counted": "ngettext", "kept_counted": "ngettext", "Counted": "ngettext"}


def not_collected(path: str) -> Iterator[tuple[int, str]]:
    """Yield sentences that are marked by a name by which nobody finds them."""
    for node in nodes(path):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str()), *_]) if name in COLLECTED_AS:
                yield node.lineno, name


def put_together(path: str) -> Iterator[int]:
    """Yield the lines of sentences that are looked up with their values in them: nobody has translated those."""
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            sentences = node.args[:2] if node.func.id.startswith("ngettext") else node.args[:1]
            yield from (one.lineno for one in sentences if isinstance(one, ast.JoinedStr | ast.BinOp))


class TestPython:
    def test_marks_sentences_by_names_under_which_they_are_collected(self) -> None:
        complain(
            [
                f"{path}:{line}: import {name} as {COLLECTED_AS[name]}, or the sentence is not collected"
                for path in ours(".py")
                if not path.startswith("tests/")
                for line, name in not_collected(path)
            ]
        )

    def test_looks_up_sentences_without_their_values(self) -> None:
        complain(
            [
                f'{path}:{line}: put the values in afterwards: _("… %(name)s …") % {{"name": …}}'
                for path in ours(".py")
                if not path.startswith("tests/")
                for line in put_together(path)
            ]
        )
