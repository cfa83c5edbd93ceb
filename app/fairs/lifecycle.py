"""The life of a fair."""

from app.fairs.models import Fair, FairState
from app.fairs.permissions import may_decide, may_run
from app.kernel import journal
from app.kernel.lifecycle import Lifecycle, Line

LIFECYCLE: Lifecycle[Fair] = Lifecycle(
    "fair",
    {
        FairState.PLANNED: ("筹备", "planned"),
        FairState.OPEN: ("开放", "open"),
        FairState.CLOSED: ("闭幕", "closed"),
        FairState.CANCELLED: ("取消", "cancelled"),
    },
    FairState.PLANNED,
    [
        Line(FairState.PLANNED, "open", FairState.OPEN, may_run, zh="开放会场", en="open the doors"),
        Line(FairState.OPEN, "close", FairState.CLOSED, may_run, zh="闭幕", en="close the fair"),
        Line(
            FairState.PLANNED,
            "cancel",
            FairState.CANCELLED,
            may_decide,
            note_required=True,
            zh="取消",
            en="cancel the fair",
        ),
    ],
    audience=lambda fair: journal.Audience(fair.area_path, level=journal.PUBLIC),
)
