"""The table of moves of a need."""

from app.kernel import journal
from app.kernel.lifecycle import Lifecycle, Line
from app.needs.models import Need, NeedState
from app.needs.permissions import may_handle
from app.needs.rules import merges_into_a_live_need


def _audience(need: Need) -> journal.Audience:
    return journal.Audience(need.area_path)


LIFECYCLE: Lifecycle[Need] = Lifecycle(
    "need",
    {
        NeedState.COLLECTED: ("已收集", "collected"),
        NeedState.MERGED: ("已合并", "merged"),
        NeedState.CONVERTED: ("已转项目", "converted"),
        NeedState.ANSWERED: ("已答复", "answered"),
        NeedState.REJECTED: ("不予采纳", "rejected"),
    },
    NeedState.COLLECTED,
    [
        Line(
            NeedState.COLLECTED,
            "merge",
            NeedState.MERGED,
            may_handle,
            (merges_into_a_live_need,),
            zh="并入同类需求",
            en="merge into a like need",
        ),
        Line(
            NeedState.COLLECTED,
            "convert",
            NeedState.CONVERTED,
            may_handle,
            zh="转为项目",
            en="turn into a project",
        ),
        Line(
            NeedState.COLLECTED,
            "answer",
            NeedState.ANSWERED,
            may_handle,
            note_required=True,
            zh="直接答复",
            en="answer",
        ),
        Line(
            NeedState.COLLECTED,
            "reject",
            NeedState.REJECTED,
            may_handle,
            note_required=True,
            zh="不予采纳并说明理由",
            en="reject with a reason",
        ),
    ],
    audience=_audience,
)
