"""Who is served: canonical target groups, the words bureaus use for them, and which group includes which."""

from __future__ import annotations

from collections.abc import Iterable

EXACT, NEAR = 1.0, 0.5

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "独居高龄老人": ("独居老人", "空巢老人", "高龄老人", "孤寡老人", "独居空巢老人", "高龄独居老人", "older people living alone"),
    "失能失智老人": ("失能老人", "失智老人", "认知症老人", "认知障碍老人", "半失能老人", "people with dementia", "frail older people"),
    "老年人": ("老人", "长者", "60岁以上老人", "老年群体", "older people", "seniors", "the elderly"),
    "农村老人": ("留守老人", "乡村老人", "rural older people"),
    "临终老人": ("临终患者", "末期患者", "安宁疗护对象", "people at the end of life"),
    "家庭照护者": ("照护者", "照顾者", "照料者", "家属照护者", "caregivers", "family carers"),
    "困境儿童": ("困境未成年人", "事实无人抚养儿童", "孤儿", "children in need", "vulnerable children"),
    "留守儿童": ("农村留守儿童", "left-behind children"),
    "流动儿童": ("外来务工人员子女", "务工人员随迁子女", "随迁子女", "新市民子女", "migrant children"),
    "儿童": ("未成年人", "少年儿童", "小学生", "乡村儿童", "children"),
    "青少年": ("在校青少年", "中小学生", "中学生", "学生", "adolescents", "teenagers", "young people"),
    "青年": ("职场青年", "社区青年", "young adults"),
    "残疾人": ("残障人士", "残障者", "重度残疾人", "肢体残疾人", "people with disabilities", "disabled people"),
    "残障家庭": ("残疾人家庭", "重度残疾人家庭", "families of disabled people"),
    "残障儿童": ("残疾儿童", "发育迟缓儿童", "disabled children"),
    "孤独症人士": ("自闭症人士", "孤独症儿童", "自闭症儿童", "心智障碍者", "autistic people", "people with autism"),
    "精神障碍患者": ("精神病患者", "康复期精神障碍患者", "people with mental illness"),
    "患者家属": ("病人家属", "大病患者家属", "家属", "families of patients"),
    "慢病患者": ("慢性病患者", "患者", "patients"),
    "低保家庭": ("低收入家庭", "困难家庭", "低保户", "特困人员", "困难群众", "low-income households"),
    "困境家庭": ("families in difficulty",),
    "社区居民": ("居民", "村居居民", "村民", "拆迁安置居民", "业主", "residents"),
    "社区矫正对象": ("社区服刑人员", "特殊人群", "刑满释放人员", "people on probation"),
    "戒毒康复人员": ("吸毒人员", "社区戒毒人员", "people in drug recovery"),
    "涉罪未成年人": ("不良行为未成年人", "罪错未成年人", "juvenile offenders"),
    "新市民": ("外来务工人员", "流动人口", "农民工", "新就业群体", "migrants", "migrant workers"),
    "妇女": ("留守妇女", "单亲母亲", "women"),
    "受家暴妇女": ("家暴受害人", "survivors of domestic violence"),
    "志愿者": ("大学生志愿者", "volunteers"),
    "社区社会组织": ("社会组织", "草根组织", "备案组织", "community organizations"),
    "社会工作者": ("社工", "社区工作者", "social workers"),
    "退役军人": ("军属", "老兵", "优抚对象", "veterans"),
    "流浪乞讨人员": ("流浪人员", "homeless people"),
}  # fmt: skip

_INCLUDES: dict[str, tuple[str, ...]] = {
    "困境家庭": ("低保家庭", "困境儿童"),
    "老年人": ("独居高龄老人", "失能失智老人", "农村老人", "临终老人"),
    "儿童": ("困境儿童", "留守儿童", "流动儿童", "残障儿童"),
    "青少年": ("流动儿童", "留守儿童", "困境儿童", "涉罪未成年人", "儿童"),
    "残疾人": ("残障家庭", "残障儿童", "孤独症人士", "精神障碍患者"),
    "孤独症人士": ("残障儿童",),
    "新市民": ("流动儿童",),
    "妇女": ("受家暴妇女",),
    "社区矫正对象": ("戒毒康复人员", "涉罪未成年人"),
    "家庭照护者": ("患者家属",),
    "慢病患者": ("临终老人",),
}


def _canonical() -> dict[str, str]:
    names = {name: name for name in _SYNONYMS}
    for name, words in _SYNONYMS.items():
        for word in words:
            names.setdefault(word.lower(), name)
    return names


_CANONICAL = _canonical()
_RELATED: dict[str, set[str]] = {}
for _whole, _parts in _INCLUDES.items():
    for _part in _parts:
        _RELATED.setdefault(_whole, set()).add(_part)
        _RELATED.setdefault(_part, set()).add(_whole)


def canonical_group(word: str) -> str:
    """The group a bureau's word stands for; an unknown word stands for itself."""
    return _CANONICAL.get(word.strip().lower(), word.strip())


def group_strengths(words: Iterable[str]) -> dict[str, float]:
    """How well a server of these groups serves any group: 1 for its own words and groups, ½ for a wider or narrower one."""
    own = {canonical_group(word) for word in words if word.strip()}
    near = {group: NEAR for name in own for group in _RELATED.get(name, ())}
    return near | dict.fromkeys(own, EXACT)
