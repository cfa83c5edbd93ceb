from app.kernel.search import grams, query_grams


def found(query: str, *texts: str) -> bool:
    return set(query_grams(query)) <= set(grams(*texts))


def test_a_two_character_word_is_found_inside_an_unbroken_clause() -> None:
    assert found("养老", "夜间突发情况的居家养老服务")
    assert not found("助残", "夜间突发情况的居家养老服务")


def test_all_words_of_a_query_must_be_there() -> None:
    assert found("养老 玄武", "玄武区", "居家养老")
    assert not found("养老 鼓楼", "玄武区", "居家养老")


def test_width_and_case_do_not_matter_and_marks_never_hurt() -> None:
    assert found("ＡＢＣ１２", "abc12 项目")
    assert query_grams("%_'\"；") == []
