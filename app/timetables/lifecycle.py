"""The life of a meeting."""

from app.kernel import journal
from app.kernel.lifecycle import Lifecycle, Line
from app.timetables import rules
from app.timetables.models import Meeting, MeetingState
from app.timetables.permissions import in_charge, may_call_off

LIFECYCLE: Lifecycle[Meeting] = Lifecycle(
    "meeting",
    {
        MeetingState.PLANNED: ("已排定", "planned"),
        MeetingState.HELD: ("已举行", "held"),
        MeetingState.MISSED: ("缺席", "missed"),
        MeetingState.CANCELLED: ("已取消", "cancelled"),
    },
    MeetingState.PLANNED,
    (
        Line(
            MeetingState.PLANNED, "move", MeetingState.PLANNED, in_charge,
            (rules.seat_is_free,), zh="换位", en="move to another seat",
        ),
        Line(
            MeetingState.PLANNED, "hold", MeetingState.HELD, in_charge,
            (rules.has_begun,), zh="登记已举行", en="note that it was held",
        ),
        Line(
            MeetingState.PLANNED, "miss", MeetingState.MISSED, in_charge,
            (rules.has_begun,), zh="登记缺席", en="note who did not come",
        ),
        Line(
            MeetingState.PLANNED, "cancel", MeetingState.CANCELLED, may_call_off,
            note_required=True, zh="取消", en="call off",
        ),
    ),
    audience=lambda meeting: journal.Audience(
        meeting.area_path, (meeting.organization_id, meeting.buyer_id), journal.PARTIES
    ),
)  # fmt: skip
