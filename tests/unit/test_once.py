from django.template import Context, Template

LIST = Template("{% load once %}{% for row in rows %}{% once row.0 %}{{ row.1 }}-{% endonce %}{{ row }} {% endfor %}")


class TestOnce:
    def test_says_again_what_was_said_first_for_its_key(self) -> None:
        assert LIST.render(Context({"rows": ["ax", "by", "az"]})) == "x-ax y-by x-az "

    def test_keeps_nothing_for_another_page(self) -> None:
        LIST.render(Context({"rows": ["ax"]}))
        assert LIST.render(Context({"rows": ["az"]})) == "z-az "
