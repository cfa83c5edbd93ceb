"""Coded lists: one table of labels, every code in it, and words that mean codes without guessing."""

import pytest

from app.catalogue.codes import CODES, Category, Rating, TargetGroup, label, resolve


@pytest.mark.parametrize("name", sorted(CODES))
def test_the_table_of_labels_and_the_enum_hold_the_same_codes(name: str) -> None:
    listed = CODES[name]
    assert [code.code for code in listed.codes] == [member.value for member in listed.members]
    assert listed.zh and listed.en
    assert all(code.zh and code.en for code in listed.codes)


@pytest.mark.parametrize("name", sorted(CODES))
def test_no_word_means_two_codes_of_one_list(name: str) -> None:
    means: dict[str, str] = {}
    for code in CODES[name].codes:
        for word in (code.code, code.zh, *code.synonyms):
            assert means.setdefault(word.lower(), code.code) == code.code, word
            assert resolve(name, word) == code.code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("养老", Category.ELDERLY_CARE),
        ("为老服务类", Category.ELDERLY_CARE),
        (" 养 老 服 务 ", Category.ELDERLY_CARE),
        ("Elderly care", Category.ELDERLY_CARE),
        ("（调解治理）", Category.MEDIATION_GOVERNANCE),
        ("其他", Category.OTHER),
        ("养", None),
        ("星际探索", None),
        ("", None),
    ],
)
def test_a_category_is_found_by_its_words_and_never_by_likeness(text: str, code: Category | None) -> None:
    assert resolve("category", text) == code


def test_living_alone_and_empty_nest_are_one_group() -> None:
    assert (
        resolve("target_group", "空巢老人")
        == resolve("target_group", "独居高龄老人")
        == TargetGroup.ELDERLY_LIVING_ALONE
    )


def test_the_order_of_ratings_is_the_order_of_merit() -> None:
    assert sorted(Rating, reverse=True)[0] == Rating.A5
    assert [resolve("rating", word) for word in ("AAAA", "四A", "4A级")] == [Rating.A4] * 3


def test_labels_come_in_both_languages() -> None:
    assert label("category", "elderly_care") == "养老服务"
    assert label("category", "elderly_care", "en") == "Elderly care"
    with pytest.raises(KeyError):
        label("category", "nothing")
