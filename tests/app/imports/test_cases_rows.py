"""DOMAIN.md §4.4, cases 27-29 and 36-45: rows against one another, and cells about people, organizations and places."""

from typing import Any

from app.imports.cells.identity import check_character
from tests.app.imports.conftest import Door, Preview
from tests.app.imports.files import organization, project, table, text, workbook


async def projects(door: Door, *changes: dict[str, Any]) -> Preview:
    rows = [
        project(f"独居老人助餐探访项目之{'甲乙丙丁戊己庚辛壬癸'[at]}") | given
        for at, given in enumerate(changes)
    ]
    return await door.preview(workbook(table(*rows)))


async def organizations(door: Door, *changes: dict[str, Any]) -> Preview:
    rows = []
    for at, given in enumerate(changes):
        first = f"52320102XX99{at:04d}0"[:17]
        code = first + check_character(first)
        rows.append(
            organization(
                f"南京市鼓楼区暮云{'甲乙丙丁戊己庚辛壬癸'[at]}社会工作服务中心", 统一社会信用代码=code
            )
            | given
        )
    return await door.preview(workbook(table(*rows)), "organizations")


async def test_case_27_the_same_row_twice_is_imported_once(door: Door) -> None:
    preview = await door.preview(workbook(table(project(), project(序号=2))))
    assert preview.counts == {"rows": 2, "ready": 1, "warned": 0, "rejected": 0, "skipped": 1}
    assert preview.skipped() == [(3, "duplicate_row")]


async def test_case_28_a_near_duplicate_waits_for_a_person(door: Door) -> None:
    preview = await door.preview(
        workbook(table(project(), project("独居老人“助餐探访”项目（二期）", 项目简介="第二期继续送餐。")))
    )
    first, second = preview.data
    assert first["status"] == "ready"
    assert second["status"] == "rejected" and preview.codes(second) == {"near_duplicate"}
    kept = await door.say(preview.id, choices={"Sheet1!3": {"row": "keep"}})
    assert [row["status"] for row in kept.data] == ["ready", "ready"]
    skipped = await door.say(preview.id, choices={"Sheet1!3": {"row": "skip"}})
    assert skipped.counts["skipped"] == 1


async def test_case_28_also_what_is_stored_already_is_asked_about(door: Door) -> None:
    first = await door.preview(workbook(table(project())))
    await door.commit(first.id)
    again = workbook(table(project("独居老人 “助餐探访” 项目（二期）", 项目简介="第二期继续送餐。")))
    preview = await door.preview(again)
    (row,) = preview.data
    assert row["status"] == "rejected" and preview.codes(row) == {"near_stored"}
    assert [option["value"] for option in row["choices"][0]["options"]] == ["same", "keep", "skip"]
    same = await door.say(preview.id, choices={"Sheet1!2": {"row": "same"}})
    assert "title" in same.data[0]["change"] and same.data[0]["thing_id"]
    other = await door.say(preview.id, choices={"Sheet1!2": {"row": "keep"}})
    assert (other.data[0]["status"], other.data[0]["thing_id"]) == ("ready", None)


async def test_case_29_the_same_title_in_another_community_is_another_project(door: Door) -> None:
    preview = await door.preview(workbook(table(project(), project(社区="桂花巷社区"))))
    assert preview.counts["ready"] == 2


async def test_two_rows_of_one_key_with_different_content_are_both_rejected(door: Door) -> None:
    preview = await door.preview(workbook(table(project(), project(**{"预算金额(万元)": 9}))))
    assert [row["status"] for row in preview.data] == ["rejected", "rejected"]
    assert all(preview.codes(row) == {"key_conflict"} for row in preview.data)


async def test_case_36_telephones_are_split_and_never_invented(door: Door) -> None:
    phones = [
        "13800000000.0",
        "1.38E+10",
        "13800000000/025-83456789",
        "张主任025-83456789",
        "2583456789",
        13800000000,
    ]
    preview = await projects(door, *({"联系电话": phone} for phone in phones))
    assert [r["contact_phone"] for r in preview.records] == [
        "13800000000",
        None,
        "13800000000",
        "025-83456789",
        None,
        "13800000000",
    ]
    assert preview.records[3]["contact_name"] == "张主任"
    told = [preview.codes(row) for row in preview.data]
    assert told == [
        set(),
        {"phone_ruined"},
        {"phones_several"},
        {"phone_with_name"},
        {"phone_unreadable"},
        set(),
    ]
    assert preview.data[2]["raw"]["联系电话"] == "13800000000/025-83456789"


async def test_case_37_personal_data_is_removed_before_anything_is_stored(door: Door) -> None:
    person = "受益人王小明，身份证号320106199001011234，患糖尿病；卡号6222020200112233445。"
    preview = await projects(door, {"备注": person, "其他情况": "李建国确诊肺癌，住三楼。"})
    row = preview.only
    shown = str(row)
    assert "320106199001011234" not in shown and "6222020200112233445" not in shown and "肺癌" not in shown
    assert "[已删除:身份证号]" in row["record"]["remarks"]
    assert {"identity_number_removed", "bank_number_removed", "health_data_removed"} <= preview.codes(row)
    assert any(problem["cell"] == "J2" for problem in row["problems"]) and row["status"] == "warned"
    general = await projects(door, {"备注": "服务对象为患有慢性病的老人，女性为主，60岁以上。"})
    assert general.only["record"]["remarks"] == "服务对象为患有慢性病的老人，女性为主，60岁以上。"


async def test_case_38_credit_codes_are_cleaned_and_repairs_only_offered(door: Door) -> None:
    good = "52320102XX9900013H"
    preview = await organizations(
        door,
        {"统一社会信用代码": " 52320102xx9900013h "},
        {"统一社会信用代码": "5232O102XX9900021K"},
        {"统一社会信用代码": good[:17] + "A"},
        {"统一社会信用代码": "52320102"},
        {"统一社会信用代码": "宁民证字第010234号"},
        {"统一社会信用代码": 5.2320102e17},
    )
    clean, letter, digit, short, old, ruined = preview.data
    assert clean["record"]["uscc"] == good and clean["status"] == "ready"
    assert letter["status"] == "rejected" and preview.codes(letter) == {"uscc_charset"}
    assert digit["status"] == "warned" and preview.codes(digit) == {"uscc_check_digit"}
    assert short["status"] == "rejected" and preview.codes(short) == {"uscc_length"}
    assert old["record"]["old_reg_no"] == "宁民证字第010234号" and old["record"]["uscc"] is None
    assert ruined["status"] == "rejected" and preview.codes(ruined) == {"number_ruined"}


async def test_case_38_a_look_alike_that_makes_the_code_right_is_offered(door: Door) -> None:
    good = "52320102XX9900013H"
    preview = await organizations(door, {"统一社会信用代码": good.replace("0", "O")})
    (choice,) = preview.only["choices"]
    assert choice["options"][0]["value"] == good and preview.only["problems"][0]["suggestion"] == good
    chosen = await door.say(preview.id, choices={"Sheet1!2": {"uscc": good}})
    assert chosen.only["record"]["uscc"] == good and chosen.only["status"] == "ready"


async def test_case_39_names_that_differ_in_brackets_or_the_city_are_never_linked_by_themselves(
    door: Door,
) -> None:
    preview = await organizations(
        door, {"机构名称": "南京（暮云）社会工作服务中心"}, {"机构名称": "南京市南京(暮云)社会工作服务中心"}
    )
    first, second = preview.data
    assert first["record"]["name"] == "南京(暮云)社会工作服务中心" and first["status"] == "ready"
    assert second["status"] == "rejected" and preview.codes(second) == {"near_duplicate"}


async def test_case_40_short_former_and_moved_names_of_areas(door: Door) -> None:
    preview = await projects(
        door,
        {"所属区": "建邺", "街道": "莫愁湖"},
        {"所属区": "南京市建邺区", "街道": "莫愁湖街道"},
        {"所属区": "白下区", "街道": "五老村街道"},
        {"所属区": "下关区", "街道": "热河南路街道"},
        {"所属区": "溧水县", "街道": "永阳镇"},
        {"所属区": "浦口区", "街道": "泰山街道"},
        {"所属区": None, "街道": "浦口区泰山街道"},
        {"所属区": "建邺区", "街道": "宁海路街道"},
        {"所属区": "建邺区", "街道": "没有街道"},
        {"所属区": "杭州市", "街道": None},
    )
    found = [(r["district"], r["street"]) for r in preview.records]
    assert found[:7] == [
        ("建邺区", "莫愁湖街道"), ("建邺区", "莫愁湖街道"), ("秦淮区", "五老村街道"), ("鼓楼区", "热河南路街道"),
        ("溧水区", "永阳街道"), ("江北新区", "泰山街道"), ("江北新区", "泰山街道"),
    ]  # fmt: skip
    told = [preview.codes(row) - {"missing"} for row in preview.data]
    assert told[0] == told[1] == set()
    assert told[2] == told[3] == told[4] == {"area_renamed"}
    assert told[5] == told[6] == {"street_moved"}
    assert told[7] == {"area_conflict"} and told[8] == {"street_unknown"} and told[9] >= {"district_unknown"}
    assert [preview.data[at]["status"] for at in (7, 8, 9)] == ["rejected"] * 3
    assert "兴隆街道" in [option["value"] for option in preview.data[8]["choices"][0]["options"]]


async def test_case_41_cells_with_several_values(door: Door) -> None:
    row = project() | {"服务对象": "独居老人、低保户，残疾人；流动儿童/志愿者和妇女\n青少年"}
    preview = await door.preview(workbook(table(row)))
    assert preview.only["record"]["target_groups"] == [
        "elderly_living_alone", "low_income_families", "disabled_persons", "migrant_children", "volunteers", "women",
        "adolescents",
    ]  # fmt: skip
    everywhere = await organizations(
        door, {"服务区域": "全市"}, {"服务区域": "全区"}, {"服务区域": "鼓楼、玄武区"}
    )
    areas = [record["service_areas"] for record in everywhere.records]
    assert len(areas[0]) == 12 and areas[1] == ["鼓楼区"] and areas[2] == ["鼓楼区", "玄武区"]


async def test_case_42_free_words_of_a_category(door: Door) -> None:
    preview = await projects(
        door, *({"服务类别": word} for word in ("为老", "养老类", "其他", "星际探索", "养老服务"))
    )
    assert [r["category"] for r in preview.records] == [
        "elderly_care",
        "elderly_care",
        "other",
        "other",
        "elderly_care",
    ]
    assert [preview.codes(row) for row in preview.data] == [set(), set(), set(), {"category_unknown"}, set()]


async def test_case_43_grades_with_and_without_a_year(door: Door) -> None:
    words = ("4A级", "AAAA", "四A", "4A(2023年)", "未评", "３Ａ")
    preview = await organizations(door, *({"评估等级": word} for word in words))
    assert [r["rating"] for r in preview.records] == ["4A", "4A", "4A", "4A", None, "3A"]
    assert preview.records[3]["rating_valid_until"] == "2028-12-31"
    assert {row["status"] for row in preview.data} == {"ready"}


async def test_case_44_ticks_words_and_blanks(door: Door) -> None:
    words = ("√", "☑", "是", "有", 1, "Y", "否", "无", "×", None)
    preview = await organizations(door, *({"是否慈善组织": word} for word in words))
    assert [r["is_charity"] for r in preview.records] == [True] * 6 + [False] * 3 + [None]


async def test_case_45_counts_persons_apart_from_contacts(door: Door) -> None:
    words = ("约200人", "200余人", "3000人次/年", "300人，3000人次", "200")
    preview = await projects(door, *({"受益人数": word} for word in words))
    assert [(r["beneficiaries_planned"], r["contacts_planned"]) for r in preview.records] == [
        (200, None), (200, None), (None, 3000), (300, 3000), (200, None)
    ]  # fmt: skip
    assert [preview.codes(row) for row in preview.data][:3] == [
        {"count_estimated"}, {"count_estimated"}, {"count_estimated", "contacts_not_persons"}
    ]  # fmt: skip


async def test_case_45_a_rate_is_a_rate_however_it_is_written() -> None:
    from app.imports.cells.counts import rate
    from app.imports.cells.parsed import Context

    assert [rate(cell, Context(2026)).value for cell in ("95%", 0.95, 95, "９５％")] == [95, 95, 95, 95]


async def test_outputs_are_read_with_their_units(door: Door) -> None:
    preview = await door.preview(
        text(table(project() | {"绩效目标": "个案8个；互助小组2个;助餐400人次;提升居民获得感"}))
    )
    outputs = preview.only["record"]["outputs"]
    assert [(o["indicator"], o["target"], o["unit"]) for o in outputs] == [
        ("个案", 8, "piece"), ("互助小组", 2, "piece"), ("助餐", 400, "contact")
    ]  # fmt: skip
    assert preview.only["record"]["outcomes"] == [{"indicator": "提升居民获得感"}]
