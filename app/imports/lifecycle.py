"""The table of moves of an import."""

from app.imports import permissions, rules
from app.imports.models import Import, ImportState
from app.kernel import journal
from app.kernel.lifecycle import Lifecycle, Line

UPLOADED, PREVIEWING, PREVIEWED = ImportState.UPLOADED, ImportState.PREVIEWING, ImportState.PREVIEWED
COMMITTING, COMMITTED = ImportState.COMMITTING, ImportState.COMMITTED
FAILED, CANCELLED, UNDONE = ImportState.FAILED, ImportState.CANCELLED, ImportState.UNDONE

_machine, _sender = permissions.machine_only, permissions.is_sender


def audience(thing: Import) -> journal.Audience:
    """Imports are the sender's business and the auditors'."""
    return journal.Audience(level=journal.AUDITORS)


IMPORTS: Lifecycle[Import] = Lifecycle(
    "import",
    {
        UPLOADED: ("已上传", "uploaded"),
        PREVIEWING: ("预览中", "being previewed"),
        PREVIEWED: ("待确认", "previewed"),
        COMMITTING: ("导入中", "being committed"),
        COMMITTED: ("已导入", "committed"),
        FAILED: ("无法读取", "failed"),
        CANCELLED: ("已取消", "cancelled"),
        UNDONE: ("已撤销", "undone"),
    },
    UPLOADED,
    [
        Line(UPLOADED, "read", PREVIEWING, _machine, zh="开始读取", en="begin to read"),
        Line(PREVIEWING, "show", PREVIEWED, _machine, zh="生成预览", en="show the preview"),
        Line(PREVIEWING, "refuse", FAILED, _machine, zh="文件无法读取", en="refuse the file"),
        Line(PREVIEWED, "read_again", PREVIEWING, _sender, zh="按新的说明重新预览", en="preview again"),
        Line(
            PREVIEWED,
            "commit",
            COMMITTING,
            _sender,
            (rules.has_rows, rules.all_or_nothing),
            zh="确认导入",
            en="commit",
        ),
        Line(COMMITTING, "apply", COMMITTED, _machine, zh="写入完成", en="all rows are written"),
        Line(
            COMMITTING, "give_back", PREVIEWED, _machine, zh="写入未完成，退回预览", en="nothing was written"
        ),
        Line(UPLOADED, "cancel", CANCELLED, _sender, zh="取消", en="cancel"),
        Line(PREVIEWING, "cancel", CANCELLED, _sender, zh="取消", en="cancel"),
        Line(PREVIEWED, "cancel", CANCELLED, _sender, zh="取消", en="cancel"),
        Line(COMMITTED, "undo", UNDONE, _sender, (rules.untouched,), zh="撤销整次导入", en="undo as a whole"),
    ],
    audience=audience,
)
