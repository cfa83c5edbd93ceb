"""The `transitions` sub-resource: POST moves a thing by an event; GET lists what the caller may do now, and why not."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.kernel.lifecycle import Choice
from app.web.problems import ProblemItem


class Transition(BaseModel):
    """One event, with a note where the table asks for a reason and `data` where the event carries some."""

    model_config = ConfigDict(extra="forbid")

    event: str = Field(min_length=1, max_length=64)
    note: str | None = Field(default=None, max_length=2000)
    data: dict[str, Any] = Field(default_factory=dict)


class Possible(BaseModel):
    """An event in the caller's hands: allowed now, or blocked by `problems`."""

    event: str
    target: str
    label_zh: str
    label_en: str
    allowed: bool
    note_required: bool
    problems: list[ProblemItem]


class Possibilities(BaseModel):
    """The state of a thing and the events the caller may use."""

    state: str
    items: list[Possible]
    links: dict[str, str] = {}


def possibilities(state: str, choices: list[Choice], links: dict[str, str] | None = None) -> Possibilities:
    """The answer of `GET …/transitions`. `links` leads to the thing that owns the next moves, where it is another."""
    return Possibilities(
        state=state,
        items=[
            Possible(
                event=choice.event,
                target=choice.target,
                label_zh=choice.zh,
                label_en=choice.en,
                allowed=choice.allowed,
                note_required=choice.note_required,
                problems=[
                    ProblemItem(
                        code=p.code,
                        message_zh=p.zh,
                        message_en=p.en,
                        pointer=p.pointer,
                        values={
                            key: value if isinstance(value, str | int | list) else str(value)
                            for key, value in p.values.items()
                        },
                    )
                    for p in choice.problems
                ],
            )
            for choice in choices
        ],
        links=links or {},
    )
