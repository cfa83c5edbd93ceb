import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.kernel.money import FEN, Fen, fen_of, yuan


class Offer(BaseModel):
    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)

    budget_fen: Fen = Field(alias="budget_yuan")


@given(st.integers(0, 10**15))
def test_every_amount_survives_the_way_out_and_back(fen: int) -> None:
    assert fen_of(yuan(fen)) == fen


def test_the_api_reads_a_string_of_yuan_and_shows_one() -> None:
    offer = Offer.model_validate({"budget_yuan": "25000.5"})
    assert offer.budget_fen == 2_500_050
    assert offer.model_dump_json(by_alias=True) == '{"budget_yuan":"25000.50"}'


@pytest.mark.parametrize("sent", [25000, 2.5, "2.5万", "1.005", "-1", "NaN", "Infinity", "", None, True])
def test_what_could_be_read_two_ways_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError, match="string of yuan"):
        Offer.model_validate({"budget_yuan": sent})


def test_the_import_has_settled_the_unit_and_sends_fen() -> None:
    assert Offer.model_validate({"budget_fen": 2_500_050}, by_name=True, context=FEN).budget_fen == 2_500_050
