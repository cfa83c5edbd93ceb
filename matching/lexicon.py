"""Words and character runs of a text, in Chinese and English alike.

Chinese is cut into runs of one to three characters (the default tokenizers of the field take a whole
clause as one word); English into stemmed words, the starts of long words, and pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z][a-z'\-]*[a-z]|[a-z]")
_CLAUSE = re.compile(r"[，。！？；、：,!?;:\n]+|\.(?=\s|$)")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ers", "er"), ("ed", ""), ("es", "e"), ("s", ""))
_RUNS = (1, 2, 3)
_STEM = 3
_PREFIX = 5

_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "he",
        "her",
        "him",
        "his",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "nobody",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "she",
        "so",
        "some",
        "someone",
        "that",
        "the",
        "their",
        "them",
        "they",
        "this",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "whom",
        "will",
        "with",
        "would",
        "you",
        "your",
        "every",
        "each",
        "all",
        "any",
        "after",
        "again",
        "than",
        "then",
        "there",
        "very",
    ]
)

_BOILER = (
    "项目 服务 社区 开展 提供 居民 活动 组织 街道 辖区 工作 公益 专业 社工 机构 承接 政府 购买 转移 职能 面向 累计 "
    "年 每年 每月 每周 以上 人次 名 户 个 次 场 期 建立 机制 模式 体系 支持 培训 指导 需求 资源 链接 关爱 帮扶 为主 "
    "结合 通过 采用 实行 推动 促进 围绕 针对 包括 等 及 其 有 和 的 了 是 在 与 对 为 不 一 人 也 都 就 上 下 来 去 能 "
    "会 要 想 希望 南京市 南京 中心 协会 区 委托 相关 运营 管理 设立 建设 宣传 覆盖 全年 计划 依托 联合 团队 持证 现有 "
    "拥有 服务中心 社会 社会组织 群众 家庭 问题 困难 加强 提升 能力 水平 质量 效果 参与 配备 人员 对象 目标 内容 方式 "
    "方法 周期 预算 经费 评估 满意度 案例 个案 小组 "
    "project projects service services community communities provide provides provided programme program "
    "organisation organization organisations organizations activity activities people support resident residents "
    "city district local year years month months week weeks work works working worker workers team teams staff "
    "training centre center association foundation social public nonprofit partner partners including run runs"
)


def normalized(text: str) -> str:
    """NFKC, no control characters, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def clauses(text: str) -> list[str]:
    """The clauses of a text that say something: at least four characters each."""
    parts = (part.strip() for part in _CLAUSE.split(unicodedata.normalize("NFKC", text)))
    return [part for part in parts if len(part) > 3]


def _stem(word: str) -> str:
    word = word.strip("'-").replace("'s", "")
    for ending, rest in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word[: len(word) - len(ending)] + rest
    return word


def grams(text: str) -> Counter[str]:
    """How often each word and character run occurs; width and case do not matter."""
    folded = unicodedata.normalize("NFKC", text).lower()
    found: Counter[str] = Counter()
    for match in _HAN.finditer(folded):
        run = match.group()
        for n in _RUNS:
            found.update(run[i : i + n] for i in range(len(run) - n + 1))
    words = [_stem(word) for word in _LATIN.findall(folded) if word not in _STOP]
    found.update(words)
    found.update(word[:_PREFIX] + "~" for word in words if len(word) > _PREFIX)
    found.update(f"{left} {right}" for left, right in pairwise(words))
    return found


BOILER = frozenset(gram for word in _BOILER.split() for gram in grams(word))
"""Runs that every project and profile contains and that tell nothing apart."""
