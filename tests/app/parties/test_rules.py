"""How names of bodies are compared: no database."""

import pytest

from app.parties.rules import name_says_something, normal_name


@pytest.mark.parametrize(
    "spelling",
    [
        "南京市鼓楼区(中央门)街道办事处",
        "鼓楼区（中央门）街道办事处",
        " 鼓楼区 中央门 街道办事处",
        "江苏省南京市鼓楼区「中央门」街道办事处",
    ],
)
def test_widths_brackets_blanks_and_the_city_make_no_difference(spelling: str) -> None:
    assert normal_name(spelling) == "鼓楼区中央门街道办事处"


def test_a_word_more_is_another_body() -> None:
    assert normal_name("银杏里养老中心") != normal_name("银杏里养老服务中心")


def test_the_city_itself_keeps_its_name() -> None:
    assert normal_name("南京市") == "南京市"


def test_punctuation_is_no_name() -> None:
    assert [problem.code for problem in name_says_something("（ ）—")] == ["name_empty"]
