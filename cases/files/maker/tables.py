"""Delimited text and JSON."""

import json

from .people import P
from .record import node, plants_in, plants_raw, unread


class Field(str):
    """A field that is written in quotes even where it need not be."""


def _field(value, delimiter):
    if delimiter == "\t":
        return value
    if isinstance(value, Field) or any(c in value for c in '",\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def delimited(kind, header, rows, *, eol, encoding="utf-8", bom=False, last_eol=True):
    """The bytes of a table and its node. `spans` are the bytes of each row, its line end included."""
    delimiter = "\t" if kind == "tsv" else ","
    codec = encoding
    out, spans, planted = ("\ufeff".encode(codec) if bom else b""), [], []
    lines = [header, *rows]
    for n, row in enumerate(lines):
        text = delimiter.join(_field(v, delimiter) for v in row)
        if last_eol or n + 1 < len(lines):
            text += eol
        data = text.encode(codec)
        if n > 0:
            spans.append([len(out), len(out) + len(data)])
        out += data
        for i, value in enumerate(row):
            column = header[i] if i < len(header) else i + 1
            planted += plants_in(value, {"row": n, "column": column})
    words = {"\r\n": "crlf", "\n": "lf"}
    more = dict(bom=bom, line_end=words[eol], delimiter=delimiter, units={"unit": "row", "count": len(rows)},
                header=header, rows=[[str(v) for v in r] for r in rows], spans=spans)
    return out, node(kind, out, edit="rows", encoding=encoding, planted=planted, **more)


HEADER = ["会员号", "姓名", "手机", "邮箱", "身份证号", "生日", "地址", "备注"]


def member_row(n, note=""):
    """One row of a member table."""
    p = P[n]
    return [f"{n:05d}", p.name, p.mobile, p.email, p.resident_id, p.birth, p.address, note]


def members_csv():
    rows = [
        member_row(1, "老客户"),
        member_row(2, '她说"周末再打",不要发短信'),
        member_row(3, f"监护人 {P[4].name}\r\n电话 {P[4].mobile}\r\n下午联系"),
        member_row(4, "第一行\n第二行只有换行符"),
        member_row(5, '""'),
        [Field(v) for v in member_row(6, "每格都有引号")],
        ["00007", P[7].name, "", "", "", "", "", "只有姓名"],
        ["00123", Field("  " + P[8].name + " "), P[8].mobile, P[8].email, P[8].resident_id, P[8].birth, P[8].address, Field("")],
        member_row(9, "a,b;c\td"),
        member_row(24, "复姓"),
    ]
    return delimited("csv", HEADER, rows, eol="\r\n", bom=True)


def members_gb_csv():
    rows = [member_row(n, note) for n, note in [(10, "门店登记"), (11, "电话登记，勿扰"), (25, "四字节的字在姓名里"), (12, ""), (13, "“弯引号”与—破折号")]]
    return delimited("csv", HEADER, rows, eol="\n", encoding="gb18030")


ORDERS = ["订单号", "下单时间", "会员号", "收货人", "收货手机", "商品", "金额"]


def orders_tsv():
    rows = [
        [f"D2026-{n:04d}", f"2026-01-{n:02d} 09:3{n % 10}:00", f"{who:05d}", P[who].name, P[who].mobile, what, price]
        for n, (who, what, price) in enumerate(
            [(1, "台灯", "129.00"), (2, '14" 屏风, 白色', "88.50"), (1, "茶具", "1000"), (14, "毛毯", "0.10"), (15, "", "-20.00"), (3, "积木", "59.9")], 1)
    ]
    return delimited("tsv", ORDERS, rows, eol="\n", last_eol=False)


def members_utf16_tsv():
    rows = [member_row(n) for n in (16, 17, 18)]
    return delimited("tsv", HEADER, rows, eol="\r\n", encoding="utf-16-le", bom=True)


def _relabel(made):
    data, n = made
    n["encoding"] = "utf-16le"
    return data, n


def escaped(text):
    """A JSON string with everything but ASCII escaped."""
    return json.dumps(text)[1:-1]


def people_json():
    """Pretty, with Chinese keys, nested objects, escapes, and numbers that must keep their digits."""
    a, b, c, d = P[1], P[2], P[5], P[25]
    plain = lambda p, pointer: plants_in(p, {"pointer": pointer})
    elements = [
        (f'''{{
    "姓名": "{a.name}",
    "联系": {{"手机": "{a.mobile}", "邮箱": ["{a.email}"], "地址": {{"家": "{a.address}", "公司": null}}}},
    "积分": 12345678901234567890,
    "系数": 1.0
  }}''', plain(a.name, "/0/姓名") + plain(a.mobile, "/0/联系/手机") + plain(a.email, "/0/联系/邮箱/0") + plain(a.address, "/0/联系/地址/家")),
        (f'''{{
    "\\u59d3\\u540d": "{escaped(b.name)}",
    "联系": {{"手机": "{b.mobile[:3]}\\u0030{b.mobile[4:]}", "邮箱": ["{b.email.replace('@', chr(92) + 'u0040')}", "{P[3].email}"]}},
    "备注": "斜线 \\/ 反斜线 \\\\ 引号 \\" 制表 \\t 换行 \\n",
    "系数": 1e3
  }}''', plants_raw(b.name, escaped(b.name), {"pointer": "/1/姓名"})
         + plants_raw(b.mobile, b.mobile[:3] + "\\u0030" + b.mobile[4:], {"pointer": "/1/联系/手机"})
         + plants_raw(b.email, b.email.replace("@", "\\u0040"), {"pointer": "/1/联系/邮箱/0"})
         + plain(P[3].email, "/1/联系/邮箱/1")),
        (f'''{{"姓名": "{c.name}", "联系": {{"手机": {c.mobile}}}, "证件": {{"类型": "身份证", "号码": "{c.resident_id}"}}, "系数": -0.0}}''',
         plain(c.name, "/2/姓名") + plain(c.mobile, "/2/联系/手机") + plain(c.resident_id, "/2/证件/号码")),
        (f'''{{"姓名": "{escaped(d.name)}", "联系": {{}}, "标签": [], "{d.mobile}": "键里有号码"}}''',
         plants_raw(d.name, escaped(d.name), {"pointer": "/3/姓名"}) + plants_in(d.mobile, {"pointer": f"/3/{d.mobile}", "place": "key"})),
    ]
    text, spans, planted = "[\n", [], []
    for n, (element, plants) in enumerate(elements):
        text += "  "
        start = len(text.encode())
        text += element
        spans.append([start, len(text.encode())])
        text += ",\n" if n + 1 < len(elements) else "\n"
        planted += plants
    text += "]\n"
    json.loads(text)
    data = text.encode()
    return data, node("json", data, edit="rows", encoding="utf-8", bom=False, units={"unit": "element", "count": len(elements)}, spans=spans, planted=planted)


def events_jsonl():
    """One object a line, one empty line, spaces at an end of line, none at the end of the file."""
    lines = [
        f'{{"时间":"2026-02-01T08:00:00+08:00","事件":"登录","用户":{{"手机":"{P[14].mobile}"}}}}',
        f'{{"时间":"2026-02-01T08:05:00+08:00","事件":"下单","用户":{{"手机":"{P[15].mobile}","邮箱":"{P[15].email}"}},"金额":12.50}}',
        "",
        f'{{"时间":"2026-02-01T09:00:00+08:00","事件":"改名","旧":"{P[16].name}","新":"{escaped(P[17].name)}"}}  ',
        '{"时间":"2026-02-01T09:30:00+08:00","事件":"心跳"}',
        f'{{"时间":"2026-02-01T10:00:00+08:00","事件":"客服","文本":"请回电 {P[18].mobile}，找{P[18].name}"}}',
    ]
    data, spans, planted, n = b"", [], [], 0
    for i, line in enumerate(lines):
        raw = (line + ("\n" if i + 1 < len(lines) else "")).encode()
        if line:
            n += 1
            spans.append([len(data), len(data) + len(raw)])
            record = json.loads(line)
            for pointer, value in _leaves(record, ""):
                stored = value if value in line else escaped(value)
                at = {"row": n, "line": i + 1, "pointer": pointer}
                planted += plants_in(value, at) if stored == value else plants_raw(value, stored, at)
        data += raw
    return data, node("jsonl", data, edit="rows", encoding="utf-8", bom=False, line_end="lf", units={"unit": "row", "count": n}, spans=spans, planted=planted)


def _leaves(value, pointer):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from _leaves(v, f"{pointer}/{k}")
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from _leaves(v, f"{pointer}/{i}")
    elif isinstance(value, str):
        yield pointer, value


def people_dup_json():
    a, b = P[19], P[20]
    text = f'[\n  {{"姓名": "{a.name}", "手机": "{a.mobile}", "手机": "{b.mobile}"}},\n  {{"姓名": "{b.name}", "手机": "{b.mobile}"}}\n]\n'
    planted = (plants_in(a.name, {"pointer": "/0/姓名"}) + plants_in(a.mobile, {"pointer": "/0/手机", "which": 1})
               + plants_in(b.mobile, {"pointer": "/0/手机", "which": 2}) + plants_in(b.name, {"pointer": "/1/姓名"}) + plants_in(b.mobile, {"pointer": "/1/手机"}))
    data = text.encode()
    return data, node("json", data, edit="refused", edit_reason="duplicate_key", encoding="utf-8", bom=False, units={"unit": "element", "count": 2}, planted=planted)


def small_csv(*numbers):
    """A small table for the inside of containers."""
    rows = [[P[n].name, P[n].mobile, P[n].email] for n in numbers]
    return delimited("csv", ["姓名", "手机", "邮箱"], rows, eol="\n")


def good():
    """The good tables: path to (bytes, node)."""
    return {
        "members.csv": members_csv(),
        "members_gb.csv": members_gb_csv(),
        "members_utf16.tsv": _relabel(members_utf16_tsv()),
        "orders.tsv": orders_tsv(),
        "people.json": people_json(),
        "events.jsonl": events_jsonl(),
        "people_dup.json": people_dup_json(),
    }


def bad():
    """Tables that cannot be read, or only in part."""
    out = {}
    lead, _ = small_csv(1)
    lead_plants = lambda n: small_csv(n)[1]["planted"]
    text = lead + f'{P[2].name},"{P[2].mobile},{P[2].email}\n{P[3].name},{P[3].mobile},{P[3].email}\n'.encode()
    planted = lead_plants(1) + [dict(p, at={"row": 2}) for n in (2, 3) for p in lead_plants(n)]
    out["csv_unclosed_quote.csv"] = text, unread("csv", text, "damaged", planted=planted, parts={"": text})
    text = lead + P[2].name.encode() + b"\xff\xfe\x81," + f"{P[2].mobile},{P[2].email}\n".encode() + f"{P[3].name},".encode("gb18030") + f"{P[3].mobile},{P[3].email}\n".encode()
    planted = lead_plants(1) + [dict(p, at={**p["at"], "row": 2}) for p in lead_plants(2)] + [dict(p, at={**p["at"], "row": 3}) for p in lead_plants(3)]
    planted[-3]["raw_hex"] = P[3].name.encode("gb18030").hex()
    out["csv_mixed_encodings.csv"] = text, unread("csv", text, "bad_encoding", planted=planted, parts={"": text})
    text = f'[{{"姓名": "{P[4].name}", "手机": "{P[4].mobile}"}}, {{"姓名": "{P[5].name}", "手'.encode()
    planted = plants_in(P[4].name, {"pointer": "/0/姓名"}) + plants_in(P[4].mobile, {"pointer": "/0/手机"}) + plants_in(P[5].name, {"pointer": "/1/姓名"})
    out["json_truncated.json"] = text, unread("json", text, "damaged", planted=planted, parts={"": text})
    text = f'{{"手机":"{P[6].mobile}"}}\n{{"手机":"{P[7].mobile}"\n{{"手机":"{P[8].mobile}"}}\n'.encode()
    planted = [p for n in (6, 7, 8) for p in plants_in(P[n].mobile, {"line": n - 5, "pointer": "/手机"})]
    out["jsonl_broken_line.jsonl"] = text, node("jsonl", text, read="part", reason="damaged", edit="whole", edit_reason="damaged", encoding="utf-8", bom=False,
                                              line_end="lf", units={"unit": "row", "count": 2}, unread_units=[{"line": 2}], planted=planted)
    depth = 10_000
    text = (b'{"a":[' * (depth // 2) + b'"' + P[9].mobile.encode() + b'"' + b"]}" * (depth // 2)) + b"\n"
    planted = plants_in(P[9].mobile, {"pointer": "at the bottom"})
    out["json_deep.json"] = text, unread("json", text, "too_deep", planted=planted, parts={"": text}, facts={"depth": depth})
    return out
