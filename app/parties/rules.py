"""How the names of bodies are compared. Pure."""

import re
import unicodedata

from app.kernel.errors import Problem

_NOISE = re.compile(r"[\s\u200b\u200c\ufeff\"'“”‘’「」《》·・,，.。;；:：\-—_/|()\[\]【】]+")
_ABOVE = re.compile(r"^(江苏省)?(南京市)?")


def normal_name(name: str) -> str:
    """A body's name as it is compared: widths, blanks, brackets and the city in front make no difference.

    '南京市鼓楼区（中央门）街道办事处' and '鼓楼区(中央门)街道办事处' are equal. '中心' and '服务中心' are not: a person decides.
    """
    folded = _NOISE.sub("", unicodedata.normalize("NFKC", name)).casefold()
    return _ABOVE.sub("", folded) or folded


def name_says_something(name: str, pointer: str = "/name") -> list[Problem]:
    """A name needs more than blanks and punctuation."""
    if normal_name(name):
        return []
    return [Problem("name_empty", "名称不能为空。", "The name must not be empty.", pointer)]
