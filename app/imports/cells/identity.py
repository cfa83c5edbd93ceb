"""Credit codes, phones and names of organizations: cleaned, checked, never invented (DOMAIN.md §4.4, 36, 38, 39)."""

import re

from app.imports.cells.parsed import (
    BLANK,
    Cell,
    Choice,
    Context,
    Parsed,
    choice,
    error,
    warning,
)
from app.imports.cells.text import error_cell, line, plain, says_nothing, text_of

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100-2015: no I, O, S, V, Z."""
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_LOOKALIKE = {"O": "0", "I": "1", "S": "5", "V": "U", "Z": "2", "L": "1", "Q": "0", "B": "8"}
_CONFUSED = {"0": "D", "D": "0", "8": "B", "B": "8", "1": "L", "L": "1", "5": "6", "6": "5", "U": "Y"}
_OLD_NUMBER = re.compile(r".*(民证字|社证字|基证字|登字|民社登|苏民)第?[\w〔〕\[\]()-]*号?.*")

_PHONE = re.compile(
    r"(?<!\d)(?:\+?86-?)?(1[3-9]\d-?\d{4}-?\d{4}|0\d{2,3}-?\d{7,8}(?:[-转]\d{1,5})?|\d{7,8}(?:转\d{1,5})?|[48]00-?\d{3}-?\d{4})(?!\d)"
)
_BROKEN_PHONE = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)
_NO_NAME = re.compile(r"微信|同号|电话|手机|办公|座机|传真|分机")
_PERSON_NOTE = re.compile(r"(?<=\d)[(][^()]*[)]$|(?<=[^\d])[(](?=1\d{10}[)]$)|(?<=\d{11})[)]$")
_PERSON = re.compile(r"^([\u4e00-\u9fff·]{2,6}?(?:主任|书记|老师|经理|科长|社工|先生|女士)?)[:]?$")


def check_character(code: str) -> str:
    """The 18th character that belongs to the first 17 (GB 32100-2015). Raises ValueError outside the alphabet."""
    total = sum(ALPHABET.index(letter) * weight for letter, weight in zip(code[:17], _WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def is_valid(code: str) -> bool:
    """Whether an upper-case code has 18 characters of the alphabet and the right check character."""
    return (
        len(code) == 18 and all(letter in ALPHABET for letter in code) and check_character(code) == code[17]
    )


def uscc(cell: Cell, context: Context) -> Parsed:
    """A unified social credit code: cleaned; a wrong check digit is a warning, a wrong length or letter an error.

    Where one look-alike (O for 0, I for 1) makes it right, that reading is offered to a person. A number of the time
    before 2015 goes to `old_reg_no`.
    """
    failed = error_cell(cell)
    if failed:
        return failed
    if isinstance(cell, float) and cell >= 1e15:
        return _ruined(repr(cell))
    text = plain(cell).upper().strip("'`")
    if says_nothing(text):
        return BLANK
    if re.fullmatch(r"\d(\.\d+)?E\+\d+", text):
        return _ruined(text)
    if _OLD_NUMBER.fullmatch(text):
        return Parsed(None, (
            warning("old_registration_number", f"“{text[:40]}”是旧登记证号，已另存；请补统一社会信用代码。",
                    f"'{text[:40]}' is an old registration number and is kept apart; the credit code is missing."),
        ), {"old_reg_no": text_of(cell)})  # fmt: skip
    code = re.sub(r"[-_.·()]", "", text)
    if is_valid(code):
        return Parsed(code)
    fixed = _repaired(code)
    if len(code) != 18:
        return Parsed(None, (
            error("uscc_length", f"统一社会信用代码应为 18 位，现为 {len(code)} 位：{code[:40]}。",
                  f"A credit code has 18 characters, not {len(code)}: {code[:40]}."),
        ))  # fmt: skip
    if any(letter not in ALPHABET for letter in code):
        zh = f"统一社会信用代码含不允许的字符（不用 I、O、S、V、Z）：{code}。"
        en = f"The credit code holds letters that are not used (I, O, S, V, Z): {code}."
        if fixed is None:
            return Parsed(None, (error("uscc_charset", zh, en),))
        offer = (Choice(fixed, f"改为 {fixed}", f"Change to {fixed}"),)
        return Parsed(None, (choice("uscc_charset", zh, en, offer, suggestion=fixed),))
    return Parsed(code, (
        warning("uscc_check_digit", f"统一社会信用代码校验位不符：{code}，已列入待核。",
                f"The check digit of the credit code is wrong: {code}; listed for verification.", fixed),
    ))  # fmt: skip


def _repaired(code: str) -> str | None:
    """The code with look-alikes replaced, if then and only then the check digit passes."""
    if len(code) != 18:
        return None
    fixed = "".join(letter if letter in ALPHABET else _LOOKALIKE.get(letter, letter) for letter in code)
    if is_valid(fixed):
        return fixed
    found = set()
    for at, letter in enumerate(fixed):
        for other in _CONFUSED.get(letter, ""):
            variant = fixed[:at] + other + fixed[at + 1 :]
            if is_valid(variant):
                found.add(variant)
    return found.pop() if len(found) == 1 else None


def _ruined(text: str) -> Parsed:
    return Parsed(None, (
        error("number_ruined", f"代码被表格存成了数值（{text}），末几位已丢失，无法恢复；请改为文本格式重新填写。",
              f"The sheet stored the code as a number ({text}); its last digits are lost. Enter it as text."),
    ))  # fmt: skip


def phone(cell: Cell, context: Context) -> Parsed:
    """One telephone number; others, and a name before it, are named in a warning. Digits are never invented."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = re.sub(r"[(](0\d{2,3})[)]", r"\1-", plain(cell).strip("'"))
    if says_nothing(text):
        return BLANK
    if _BROKEN_PHONE.fullmatch(text):
        return Parsed(None, (
            warning("phone_ruined", f"电话被存成科学计数（{text}），位数已丢失，未登记。",
                    f"The telephone number was stored in scientific notation ({text}); digits are lost, nothing is taken."),
        ))  # fmt: skip
    found = [match[1] for match in _PHONE.finditer(text)]
    if not found:
        digits = re.sub(r"\D", "", text)
        short = 9 <= len(digits) <= 11 and digits[0] != "1"
        return Parsed(None, (
            warning("phone_unreadable",
                    f"电话位数不对（{text[:30]}）{'，可能缺区号首位 0' if short else ''}，未登记。",
                    f"The telephone number has the wrong length ({text[:30]}); nothing is taken.",
                    "例如 025-83456789 或 13800000000"),
        ))  # fmt: skip
    problems = []
    more = {}
    parts = [part for part in re.split(r"[-:,;/()、]+", _PHONE.sub(",", text)) if part]
    who = _PERSON.match(parts[0]) if len(parts) == 1 else None
    if who and not _NO_NAME.search(who[1]):
        more["contact_name"] = who[1]
        problems.append(
            warning(
                "phone_with_name",
                f"电话栏含姓名“{who[1]}”，已分开。",
                f"The telephone cell holds a name '{who[1]}'; taken apart.",
            )
        )
    if len(found) > 1:
        problems.append(
            warning("phones_several", f"电话栏有 {len(found)} 个号码，取第一个；其余见原始记录。",
                    f"{len(found)} numbers in one cell; the first is taken, the others stay in the raw text."),
        )  # fmt: skip
    number = found[0].replace("转", "-")
    if number.startswith("1"):
        number = number.replace("-", "")
    if number.startswith("0") and "-" not in number:
        code = 3 if number[1] in "12" else 4
        number = f"{number[:code]}-{number[code:]}"
    return Parsed(number, tuple(problems), more)


def person(cell: Cell, context: Context) -> Parsed:
    """A contact's name; a telephone number in the same cell comes back as `phone`."""
    parsed = line(cell, context)
    text = plain(cell)
    if parsed.value is None or not re.search(r"\d{7}", text):
        return parsed
    number = phone(_PERSON_NOTE.sub("", text), context)
    name = _PHONE.sub("", _PERSON_NOTE.sub("", text)).replace("()", "").strip(" -:,;/、电话手机")
    if number.value is None or not name:
        return parsed
    problem = warning(
        "name_with_phone",
        f"联系人栏含电话，已分开：{name[:20]}。",
        f"The contact cell holds a telephone number; taken apart: {name[:20]}.",
    )
    return Parsed(name, (problem,), {"phone": number.value})


def organization_name(cell: Cell, context: Context) -> Parsed:
    """A name with full-width brackets as half-width and no blanks: how names are stored and compared."""
    failed = error_cell(cell)
    if failed:
        return failed
    text = text_of(cell)
    if says_nothing(plain(cell)):
        return BLANK
    return Parsed(
        re.sub(r"\s+", "" if re.search("[\u4e00-\u9fff]", text) else " ", text)
        .replace("（", "(")
        .replace("）", ")")
    )
