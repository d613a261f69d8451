"""The made-up people whose values are planted."""

from dataclasses import dataclass

NAMES = [
    "赵青禾", "钱墨舟", "孙望川", "李听澜", "周砚秋", "吴拾光", "郑怀瑜", "王漱石", "冯砺锋", "陈溯源",
    "褚云岫", "卫知微", "蒋采薇", "沈星阑", "韩枕流", "杨未晞", "朱鹿鸣", "秦尔雅", "尤鹤亭", "许南乔",
    "何山泉", "江石舟", "施木禾", "欧阳竹青", "古𠮷平", "林石舟", "Nora Sampleton", "方白露",
]
BIRTHS = ["1988-03-05", "1991-11-23", "1975-06-30", "2012-02-29", "1969-09-01", "1999-12-31", "1983-07-14"]


@dataclass(frozen=True)
class Person:
    """One person; `key` is how expected.json names them."""

    key: str
    name: str
    mobile: str
    email: str
    resident_id: str
    address: str
    birth: str

    def values(self):
        """The planted values: (what, value)."""
        return [
            ("name", self.name),
            ("mobile", self.mobile),
            ("email", self.email),
            ("resident_id", self.resident_id),
            ("address", self.address),
        ]


def check_digit(first17: str) -> str:
    """The last character of a resident identity number (GB 11643)."""
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    total = sum(int(d) * w for d, w in zip(first17, weights))
    return "10X98765432"[total % 11]


def person(n: int) -> Person:
    """The n-th person, from 1."""
    birth = BIRTHS[n % len(BIRTHS)]
    first17 = "999999" + birth.replace("-", "") + f"{n * 7:03d}"
    return Person(
        key=f"p{n:02d}",
        name=NAMES[n - 1],
        mobile=str(13800138000 + n),
        email=f"member{n:02d}@example.{'com' if n % 2 else 'cn'}",
        resident_id=first17 + check_digit(first17),
        address=f"示例省样板市试验区虚拟路{n}号",
        birth=birth,
    )


PEOPLE = [person(n + 1) for n in range(len(NAMES))]
P = {n + 1: p for n, p in enumerate(PEOPLE)}
