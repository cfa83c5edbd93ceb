"""The workbooks of the story, laid out as a bureau lays them out."""

import io
from collections.abc import Sequence
from datetime import date

from openpyxl import Workbook

from app.demo.uscc import invented_uscc

TITLE = "记忆照护与家属喘息支持"


def _saved(rows: Sequence[Sequence[object]], title: str, note: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([title])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(rows[0]))
    sheet.append([note])
    for row in rows:
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def organizations(today: date) -> bytes:
    """Three organizations: one that fits, a rival, and one on the abnormal list. Codes are of the made-up range."""
    header = [
        "机构名称", "统一社会信用代码", "登记类型", "评估等级", "专职人数", "助理社工师", "社工师", "高级社工师",
        "业务范围", "服务能力", "服务领域", "服务对象", "服务区域", "承接上限", "年检情况", "是否列入异常名录",
    ]  # fmt: skip
    year = today.year - 1
    good = f"{year - 1}年合格、{year}年合格"
    return _saved(
        [
            header,
            [
                "南京市玄武区清和为老服务中心",
                invented_uscc("52", "320102", 9001),
                "民办非企业单位",
                "4A级",
                18,
                5,
                3,
                0,
                "居家养老服务；失能失智老人照护者培训",
                "十年社区居家养老经验，自编失智照护者课程，有认知症喘息照护团队",
                "养老",
                "失能失智老人、家庭照护者",
                "玄武区、鼓楼区",
                6,
                good,
                "否",
            ],
            [
                "南京市秦淮区知遇社会工作服务社",
                invented_uscc("52", "320104", 9002),
                "社会服务机构",
                "3A",
                9,
                3,
                2,
                0,
                "社区养老；社会工作服务",
                "老年人入户探访与照护者互助小组",
                "养老、心理",
                "独居老人",
                "全市",
                3,
                good,
                "否",
            ],
            [
                "南京市玄武区旧约公益发展中心",
                invented_uscc("52", "320102", 9003),
                "民办非企业单位",
                "3A",
                6,
                2,
                1,
                0,
                "养老服务",
                "助餐助浴",
                "养老",
                "独居老人",
                "玄武区",
                3,
                good,
                "是",
            ],
        ],
        f"{today.year}年社会组织信息表",
        f"填报单位：南京市民政局    填报日期：{today.isoformat()}",
    )


def projects(today: date, budget_wan: str = "6") -> bytes:
    """One project of a street, and one row that no import can take: its budget is negative."""
    header = [
        "序号", "街道", "社区", "项目名称", "服务类别", "项目简介", "服务对象", "受益人数", "预算金额（万元）",
        "区级资金（万元）", "项目周期", "购买主体", "实施单位", "绩效目标", "联系人", "联系电话",
    ]  # fmt: skip
    term = f"{today.year + 1}年3月-{today.year + 1}年12月"
    buyer, entity = "南京市玄武区锁金村街道办事处", "银杏里社区居民委员会"
    text = "辖区摸排疑似失智老人46名，主要由老伴照护，照护者失眠焦虑、无人替手；拟提供每周一次喘息照料、照护技能培训与互助小组。"
    return _saved(
        [
            header,
            [
                1,
                "锁金村街道",
                "银杏里社区",
                TITLE,
                "养老",
                text,
                "失能失智老人、家庭照护者",
                46,
                budget_wan,
                budget_wan,
                term,
                buyer,
                entity,
                "喘息照料400人次；照护技能培训12场",
                "王老师",
                "025-00001234",
            ],
            [
                2,
                "锁金村街道",
                "银杏里社区",
                "楼道清扫",
                "其他",
                text,
                "独居老人",
                20,
                "-3",
                "-3",
                term,
                buyer,
                entity,
                "清扫20次",
                "王老师",
                "025-00001234",
            ],
        ],
        f"{today.year}年玄武区社洽会项目汇总表",
        f"填报单位：玄武区民政局    填报日期：{today.isoformat()}    单位：万元",
    )
