"""XLSX part by part: a small writer, and the good workbooks."""

from datetime import date

from .archives import zip_of
from .people import P
from .record import node, plants_in, plants_over_runs

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PKG = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def letter(n):
    """Column 0 is A."""
    return chr(65 + n)


def esc(text):
    """Text for XML, attributes included."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def serial(iso):
    """The day number of a date."""
    return (date.fromisoformat(iso) - date(1899, 12, 30)).days


class Cell:
    """`kind`: shared, rich, inline, number, date, formula."""

    def __init__(self, kind, value, formula=None, runs=None):
        self.kind, self.value, self.formula, self.runs = kind, value, formula, runs


def S(value):
    return Cell("shared", value)


def I(value):
    return Cell("inline", value)


def N(value):
    return Cell("number", value)


def D(iso):
    return Cell("date", iso)


def F(formula, cached):
    return Cell("formula", cached, formula)


def R(*runs):
    return Cell("rich", "".join(runs), runs=runs)


class Book:
    """A workbook that grows part by part and remembers what was planted where."""

    def __init__(self):
        self.parts, self.types, self.planted = {}, {}, []
        self.strings, self.cells_of, self.uses = [], {}, 0
        self.sheets, self.names, self.workbook_rels, self.root_rels = [], [], [], []
        self.workbook_tail, self.extra_sheets = "", ""

    def put(self, part, text, content_type=None):
        """A part that holds text (or bytes)."""
        self.parts[part] = text.encode() if isinstance(text, str) else text
        if content_type:
            self.types[part] = content_type

    def plant(self, text, **at):
        """Text in one piece; `part` and more tell where."""
        self.planted += plants_in(text, at)
        return esc(text)

    def shared(self, cell, where):
        """The index of a shared string."""
        key = cell.runs or cell.value
        if key not in self.strings:
            self.strings.append(key)
        index = self.strings.index(key)
        if where:
            self.cells_of.setdefault(index, []).append(where)
            self.uses += 1
        return index

    def _cell(self, ref, cell, at):
        if cell.kind in ("shared", "rich"):
            return f'<c r="{ref}" s="1" t="s"><v>{self.shared(cell, at["sheet"] + "!" + ref)}</v></c>'
        text = self.plant(str(cell.value), **at)
        if cell.kind == "inline":
            return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'
        if cell.kind == "number":
            return f'<c r="{ref}"><v>{text}</v></c>'
        if cell.kind == "date":
            return f'<c r="{ref}" s="2"><v>{serial(cell.value)}</v></c>'
        kind = "" if isinstance(cell.value, (int, float)) else ' t="str"'
        return f'<c r="{ref}"{kind}><f>{esc(cell.formula)}</f><v>{text}</v></c>'

    def sheet(self, name, rows, *, state=None, after=None, rels=None):
        """A sheet of rows (number → cells, None for an empty cell)."""
        n = len(self.sheets) + 1
        part = f"xl/worksheets/sheet{n}.xml"
        body, info = "", {"name": name, "part": part, "state": state or "visible", "row_elements": len(rows), "table": {}, "formulas": [], "dates": [], "text_numbers": []}
        for r, cells in rows.items():
            xml = ""
            for c, cell in enumerate(cells):
                if cell is None:
                    continue
                ref = f"{letter(c)}{r}"
                xml += self._cell(ref, cell, {"part": part, "sheet": name, "cell": ref})
                if cell.kind == "formula":
                    info["formulas"].append({"cell": ref, "formula": cell.formula, "value": cell.value})
                if cell.kind == "date":
                    info["dates"].append(ref)
                if cell.kind in ("shared", "inline") and cell.value.isdigit():
                    info["text_numbers"].append(ref)
            info["table"][str(r)] = ["" if c is None else str(c.value) for c in cells]
            body += f'<row r="{r}">{xml}</row>'
        last = f"{letter(max(len(c) for c in rows.values()) - 1)}{max(rows)}" if rows else "A1"
        xml = f'{HEAD}<worksheet xmlns="{MAIN}" xmlns:r="{REL}"><dimension ref="A1:{last}"/><sheetData>{body}</sheetData>{after() if after else ""}</worksheet>'
        self.put(part, xml, TYPE + "worksheet+xml")
        self.sheets.append((name, state))
        self.info = getattr(self, "info", []) + [info]
        if rels:
            self.rels(f"xl/worksheets/_rels/sheet{n}.xml.rels", rels)
        return part

    def rels(self, part, rels):
        """A relationships part: (id, type, target, external)."""
        xml = ""
        for rid, kind, target, external in rels:
            kind = kind if "://" in kind else f"{REL}/{kind}"
            mode = ' TargetMode="External"' if external else ""
            xml += f'<Relationship Id="{rid}" Type="{kind}" Target="{self.plant(target, part=part, relationship=rid)}"{mode}/>'
        self.put(part, f'{HEAD}<Relationships xmlns="{PKG}/relationships">{xml}</Relationships>')

    def _strings_part(self):
        part, xml = "xl/sharedStrings.xml", ""
        for i, item in enumerate(self.strings):
            runs = item if isinstance(item, tuple) else None
            at = {"part": part, "item": i, "cells": self.cells_of.get(i, [])}
            self.planted += plants_over_runs(runs or [item], at)
            space = lambda t: ' xml:space="preserve"' if t != t.strip() or "\n" in t else ""
            inner = "".join(f"<r><rPr><b/></rPr><t{space(t)}>{esc(t)}</t></r>" for t in runs) if runs else f"<t{space(item)}>{esc(item)}</t>"
            xml += f"<si>{inner}</si>"
        self.put(part, f'{HEAD}<sst xmlns="{MAIN}" count="{self.uses}" uniqueCount="{len(self.strings)}">{xml}</sst>', TYPE + "sharedStrings+xml")

    def _workbook_part(self, main_type):
        rels = [(f"rId{n + 1}", "worksheet", f"worksheets/sheet{n + 1}.xml", False) for n in range(len(self.sheets))]
        if self.strings:
            self._strings_part()
            rels.append(("rIdS", "sharedStrings", "sharedStrings.xml", False))
        rels.append(("rIdT", "styles", "styles.xml", False))
        rels += self.workbook_rels
        sheets = "".join(
            f'<sheet name="{esc(name)}" sheetId="{n + 1}" state="{state or "visible"}" r:id="rId{n + 1}"/>'
            for n, (name, state) in enumerate(self.sheets)
        )
        names = "".join(f"<definedName {a}>{self.plant(t, part='xl/workbook.xml', place='defined_name')}</definedName>" for a, t in self.names)
        names = f"<definedNames>{names}</definedNames>" if names else ""
        self.put("xl/workbook.xml", f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{REL}"><bookViews><workbookView activeTab="0"/></bookViews><sheets>{sheets}</sheets>'
                 f"{self.extra_sheets}{names}<calcPr calcId=\"191029\"/>{self.workbook_tail}</workbook>", main_type)
        self.rels("xl/_rels/workbook.xml.rels", rels)
        self.put("xl/styles.xml", HEAD + f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts>'
                 '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>'
                 '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
                 '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
                 '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/><xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
                 '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>', TYPE + "styles+xml")

    def finish(self, main_type=TYPE + "sheet.main+xml"):
        """All parts, in the order in which spreadsheet programs write them."""
        self._workbook_part(main_type)
        self.rels("_rels/.rels", [("rId1", "officeDocument", "xl/workbook.xml", False), *self.root_rels])
        defaults = {"rels": "application/vnd.openxmlformats-package.relationships+xml", "xml": "application/xml", "vml": "application/vnd.openxmlformats-officedocument.vmlDrawing",
                    "bin": "application/vnd.ms-office.vbaProject", "jpeg": "image/jpeg", "sigs": "application/vnd.openxmlformats-package.digital-signature-origin"}
        used = {p.rsplit(".", 1)[-1] for p in self.parts}
        xml = "".join(f'<Default Extension="{e}" ContentType="{t}"/>' for e, t in defaults.items() if e in used)
        xml += "".join(f'<Override PartName="/{p}" ContentType="{t}"/>' for p, t in self.types.items())
        first = {"[Content_Types].xml": f'{HEAD}<Types xmlns="{PKG}/content-types">{xml}</Types>'.encode()}
        return {**first, "_rels/.rels": self.parts.pop("_rels/.rels"), **self.parts}

    def made(self, kind="xlsx", edit="rows", edit_reason=None, main_type=TYPE + "sheet.main+xml", **more):
        """(bytes, node)."""
        parts = self.finish(main_type)
        data = zip_of(parts)
        derived = [p for p in parts if any(w in p for w in ("pivotCache", "calcChain", "thumbnail"))]
        rows = sum(len(i["table"]) for i in self.info)
        if derived:
            more["derived_parts"] = derived
        return data, node(kind, data, edit=edit, edit_reason=edit_reason, units={"unit": "row", "count": rows}, sheets=self.info,
                          part_names=list(parts), planted=self.planted, parts=parts, **more)


MEMBERS = ["会员号", "姓名", "手机", "邮箱", "身份证号", "生日", "地址", "消费", "核对", "备注"]


def props(book, creator, modifier, company_phone=None, custom=None):
    """docProps."""
    core = "docProps/core.xml"
    book.put(core, f'{HEAD}<cp:coreProperties xmlns:cp="{PKG}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
             f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>会员名单</dc:title><dc:creator>{book.plant(creator, part=core, place="creator")}</dc:creator>'
             f'<cp:lastModifiedBy>{book.plant(modifier, part=core, place="last_modified_by")}</cp:lastModifiedBy>'
             '<dcterms:created xsi:type="dcterms:W3CDTF">2026-01-01T00:00:00Z</dcterms:created></cp:coreProperties>', "application/vnd.openxmlformats-package.core-properties+xml")
    book.root_rels.append(("rIdC", f"{PKG}/relationships/metadata/core-properties", core, False))
    app = "docProps/app.xml"
    manager = f'<Manager>{book.plant(company_phone, part=app, place="manager")}</Manager>' if company_phone else ""
    book.put(app, f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>Microsoft Excel</Application>{manager}'
             "<Company>示例商贸有限公司</Company></Properties>", "application/vnd.openxmlformats-officedocument.extended-properties+xml")
    book.root_rels.append(("rIdA", "extended-properties", app, False))
    if custom:
        part = "docProps/custom.xml"
        book.put(part, f'{HEAD}<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties" xmlns:vt="http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes">'
                 f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" name="联系人"><vt:lpwstr>{book.plant(custom, part=part, place="custom_property")}</vt:lpwstr></property></Properties>',
                 "application/vnd.openxmlformats-officedocument.custom-properties+xml")
        book.root_rels.append(("rIdP", "custom-properties", part, False))


def comments(book, n, notes):
    """Legacy comments and their VML: (row, column letter, author, text runs)."""
    part, vml = f"xl/comments{n}.xml", f"xl/drawings/vmlDrawing{n}.vml"
    authors = list(dict.fromkeys(a for _, _, a, _ in notes))
    xml = f'{HEAD}<comments xmlns="{MAIN}"><authors>'
    for a in authors:
        xml += f'<author>{book.plant(a, part=part, place="comment_author")}</author>'
    xml += "</authors><commentList>"
    shapes = ""
    for i, (row, col, author, runs) in enumerate(notes):
        at = {"part": part, "place": "comment", "cell": f"{col}{row}"}
        book.planted += plants_over_runs(runs, at)
        inner = "".join(f"<r><t>{esc(t)}</t></r>" for t in runs)
        xml += f'<comment ref="{col}{row}" authorId="{authors.index(author)}"><text>{inner}</text></comment>'
        alt = book.plant(f"批注 {author}", part=vml, place="vml_alt", cell=f"{col}{row}")
        shapes += (f'<v:shape id="_x0000_s{1025 + i}" type="#_x0000_t202" alt="{alt}" style="position:absolute;margin-left:60pt;margin-top:2pt;width:108pt;height:60pt;visibility:hidden" fillcolor="#ffffe1">'
                   f'<v:fill color2="#ffffe1"/><v:textbox><div style="text-align:left"></div></v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
                   f"<x:Anchor>1,15,0,2,3,31,4,1</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row><x:Column>{ord(col) - 65}</x:Column></x:ClientData></v:shape>")
    book.put(part, xml + "</commentList></comments>", TYPE + "comments+xml")
    book.put(vml, '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">'
             '<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
             f'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>{shapes}</xml>')


def members_xlsx():
    """Every corner of a workbook in which a value can hide."""
    b = Book()
    b.shared(S(f"已删除的行 {P[20].mobile}"), None)
    rows = {1: [S(h) for h in MEMBERS]}
    rest = {
        2: [N(1280), F("C3", P[2].mobile), S("老客户")],
        3: [N("99.5"), F("H2+H5", 1280 + 60), S("周末再打,\n不要发短信")],
        4: [N(0), F("B2&B5", P[1].name + P[4].name), None],
        5: [N(60), F("SUM(H2:H9)", 2002.91), S("a<b & \"c\"")],
        6: [N(7), None, S(f"推荐人 {P[1].name} {P[1].mobile}")],
        7: [N("556.5"), None, None],
        8: [N("-1E-2"), None, R("尾号", P[7].mobile[:6], P[7].mobile[6:] + " 已核")],
        9: [N("0.01"), None, None],
    }
    for r in range(2, 10):
        p = P[r - 1]
        mobile = N(p.mobile) if r == 5 else I(p.mobile) if r % 2 else S(p.mobile)
        name = R(p.name[:1], p.name[1:]) if r == 6 else S(p.name)
        number = "00123" if r == 9 else f"{r - 1:05d}"
        address = P[1].address if r == 3 else p.address
        rows[r] = [S(number), name, mobile, S(p.email), I(p.resident_id) if r == 4 else S(p.resident_id), D(p.birth), S(address), *rest[r]]
    sheet1 = "xl/worksheets/sheet1.xml"

    def after():
        listed = b.plant(f'"{P[17].name},{P[18].name}"', part=sheet1, place="data_validation")
        equal = b.plant(P[19].mobile, part=sheet1, place="conditional_formatting")
        tip = b.plant(f"写信给{P[1].name}", part=sheet1, place="hyperlink_tooltip", cell="D2")
        footer = b.plant(f"&C制表 {P[21].name}", part=sheet1, place="header_footer")
        return (f'<conditionalFormatting sqref="C2:C9"><cfRule type="cellIs" priority="1" operator="equal"><formula>{equal}</formula></cfRule></conditionalFormatting>'
                f'<dataValidations count="1"><dataValidation type="list" allowBlank="1" sqref="J2:J9"><formula1>{listed}</formula1></dataValidation></dataValidations>'
                f'<hyperlinks><hyperlink ref="D2" r:id="rId1" tooltip="{tip}"/><hyperlink ref="D3" r:id="rId2"/></hyperlinks>'
                f'<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/><headerFooter><oddFooter>{footer}</oddFooter></headerFooter>'
                '<legacyDrawing r:id="rId4"/><tableParts count="1"><tablePart r:id="rId5"/></tableParts>')

    b.sheet("会员", rows, after=after, rels=[
        ("rId1", "hyperlink", f"mailto:{P[1].email}", True), ("rId2", "hyperlink", f"mailto:{P[2].email}?subject={P[2].mobile}", True),
        ("rId3", "comments", "../comments1.xml", False), ("rId4", "vmlDrawing", "../drawings/vmlDrawing1.vml", False), ("rId5", "table", "../tables/table1.xml", False),
    ])
    columns = "".join(f'<tableColumn id="{i + 1}" name="{h}"/>' for i, h in enumerate(MEMBERS))
    b.put("xl/tables/table1.xml", f'{HEAD}<table xmlns="{MAIN}" id="1" name="会员表" displayName="会员表" ref="A1:J9" totalsRowShown="0"><autoFilter ref="A1:J9"/>'
          f'<tableColumns count="{len(MEMBERS)}">{columns}</tableColumns></table>', TYPE + "table+xml")
    comments(b, 1, [(2, "B", P[22].name, [f"来电 {P[1].mobile}", " 要求更正"]), (4, "C", P[22].name, ["监护人 ", P[4].mobile[:7], P[4].mobile[7:]])])

    order_rows = {1: [S(h) for h in ["订单号", "收货人", "收货手机", "金额"]]}
    for r, n in ((2, 1), (3, 5), (5, 2), (6, 1)):
        order_rows[r] = [S(f"D{r:03d}"), S(P[n].name), I(P[n].mobile), N(r * 10)]
    order_rows[8] = [None, None, S("合计"), F("SUM(D2:D6)", 160)]

    def filtered():
        value = b.plant(P[5].name, part="xl/worksheets/sheet2.xml", place="auto_filter")
        return f'<autoFilter ref="A1:D6"><filterColumn colId="1"><filters><filter val="{value}"/></filters></filterColumn></autoFilter>'

    b.sheet("订单", order_rows, after=filtered)
    b.sheet("旧名单", {1: [S("姓名"), S("手机")], 2: [S(P[1].name), S(P[1].mobile)], 3: [S(P[23].name), I(P[23].mobile)]}, state="hidden")
    b.sheet("内部", {1: [S("姓名"), S("身份证号")], 2: [S(P[24].name), S(P[24].resident_id)]}, state="veryHidden")
    b.names = [('name="_xlnm._FilterDatabase" localSheetId="1" hidden="1"', "订单!$A$1:$D$6"), ('name="名单区"', "会员!$A$1:$J$9"), ('name="负责人电话"', f'"{P[16].mobile}"')]
    props(b, P[21].name, P[22].name, f"{P[21].name} {P[21].mobile}", f"{P[26].name} {P[26].mobile}")
    b.put("docProps/thumbnail.jpeg", bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"))
    b.root_rels.append(("rIdM", f"{PKG}/relationships/metadata/thumbnail", "docProps/thumbnail.jpeg", False))
    chain = "".join(f'<c r="{f["cell"]}" i="{i + 1}"/>' for i, s in enumerate(b.info) for f in s["formulas"])
    b.put("xl/calcChain.xml", f'{HEAD}<calcChain xmlns="{MAIN}">{chain}</calcChain>', TYPE + "calcChain+xml")
    b.workbook_rels += [("rIdK", "calcChain", "calcChain.xml", False), ("rIdX", "customXml", "../customXml/item1.xml", False)]
    item = b.plant(P[28].name, part="customXml/item1.xml", place="custom_xml") + " " + b.plant(P[28].mobile, part="customXml/item1.xml", place="custom_xml")
    b.put("customXml/item1.xml", f'{HEAD}<记录 xmlns="urn:example:crm"><客户>{item}</客户></记录>')
    b.put("customXml/itemProps1.xml", f'{HEAD}<ds:datastoreItem xmlns:ds="http://schemas.openxmlformats.org/officeDocument/2006/customXml" ds:itemID="{{11111111-2222-3333-4444-555555555555}}"/>',
          "application/vnd.openxmlformats-officedocument.customXmlProperties+xml")
    b.rels("customXml/_rels/item1.xml.rels", [("rId1", "customXmlProps", "itemProps1.xml", False)])
    return b.made()


def small_book(*numbers):
    """One plain sheet."""
    b = Book()
    rows = {1: [S("姓名"), S("手机")]}
    for r, n in enumerate(numbers, 2):
        rows[r] = [S(P[n].name), S(P[n].mobile)]
    b.sheet("名单", rows)
    return b


def pivot_xlsx():
    """A pivot table whose cache holds every value of its source once more."""
    b = Book()
    people = [3, 4, 5]
    rows = {1: [S("姓名"), S("手机"), S("金额")]}
    for r, n in enumerate(people, 2):
        rows[r] = [S(P[n].name), S(P[n].mobile), N(r * 100)]
    b.sheet("数据", rows)
    pivot = {3: [S("行标签"), S("求和项:金额")]}
    for r, n in enumerate(people, 4):
        pivot[r] = [S(P[n].name), N((r - 2) * 100)]
    pivot[7] = [S("总计"), N(900)]
    b.sheet("透视", pivot, rels=[("rId1", "pivotTable", "../pivotTables/pivotTable1.xml", False)])
    cache, records = "xl/pivotCache/pivotCacheDefinition1.xml", "xl/pivotCache/pivotCacheRecords1.xml"
    names = "".join(f'<s v="{b.plant(P[n].name, part=cache, place="pivot_item")}"/>' for n in people)
    who = b.plant(P[6].name, part=cache, place="pivot_refreshed_by")
    b.put(cache, f'{HEAD}<pivotCacheDefinition xmlns="{MAIN}" xmlns:r="{REL}" r:id="rId1" refreshedBy="{who}" refreshedDate="46023" createdVersion="6" refreshedVersion="6" recordCount="3">'
          f'<cacheSource type="worksheet"><worksheetSource ref="A1:C4" sheet="数据"/></cacheSource><cacheFields count="3"><cacheField name="姓名" numFmtId="0"><sharedItems count="3">{names}</sharedItems></cacheField>'
          '<cacheField name="手机" numFmtId="0"><sharedItems/></cacheField><cacheField name="金额" numFmtId="0"><sharedItems containsSemiMixedTypes="0" containsString="0" containsNumber="1" containsInteger="1" minValue="200" maxValue="400"/></cacheField></cacheFields></pivotCacheDefinition>',
          TYPE + "pivotCacheDefinition+xml")
    b.rels("xl/pivotCache/_rels/pivotCacheDefinition1.xml.rels", [("rId1", "pivotCacheRecords", "pivotCacheRecords1.xml", False)])
    lines = "".join(f'<r><x v="{i}"/><s v="{b.plant(P[n].mobile, part=records, place="pivot_record")}"/><n v="{(i + 2) * 100}"/></r>' for i, n in enumerate(people))
    b.put(records, f'{HEAD}<pivotCacheRecords xmlns="{MAIN}" count="3">{lines}</pivotCacheRecords>', TYPE + "pivotCacheRecords+xml")
    b.put("xl/pivotTables/pivotTable1.xml", f'{HEAD}<pivotTableDefinition xmlns="{MAIN}" name="透视表1" cacheId="1" dataCaption="值" applyNumberFormats="0" applyBorderFormats="0" applyFontFormats="0" applyPatternFormats="0" applyAlignmentFormats="0" applyWidthHeightFormats="1" updatedVersion="6" minRefreshableVersion="3" createdVersion="6" indent="0" outline="1" outlineData="1">'
          '<location ref="A3:B7" firstHeaderRow="1" firstDataRow="1" firstDataCol="1"/><pivotFields count="3"><pivotField axis="axisRow" showAll="0"><items count="4"><item x="0"/><item x="1"/><item x="2"/><item t="default"/></items></pivotField><pivotField showAll="0"/><pivotField dataField="1" showAll="0"/></pivotFields>'
          '<rowFields count="1"><field x="0"/></rowFields><rowItems count="4"><i><x/></i><i><x v="1"/></i><i><x v="2"/></i><i t="grand"><x/></i></rowItems><colItems count="1"><i/></colItems><dataFields count="1"><dataField name="求和项:金额" fld="2" baseField="0" baseItem="0"/></dataFields></pivotTableDefinition>',
          TYPE + "pivotTable+xml")
    b.rels("xl/pivotTables/_rels/pivotTable1.xml.rels", [("rId1", "pivotCacheDefinition", "../pivotCache/pivotCacheDefinition1.xml", False)])
    b.workbook_rels.append(("rIdV", "pivotCacheDefinition", "pivotCache/pivotCacheDefinition1.xml", False))
    b.workbook_tail = '<pivotCaches><pivotCache cacheId="1" r:id="rIdV"/></pivotCaches>'
    return b.made()


def external_xlsx():
    """A link to another workbook, whose cache keeps that workbook's values, and a path with a name in it."""
    b = Book()
    b.sheet("汇总", {1: [S("手机")], 2: [F("[1]名单!$B$2", P[9].mobile)]})
    part = "xl/externalLinks/externalLink1.xml"
    cached = b.plant(P[9].name, part=part, place="external_cache") , b.plant(P[9].mobile, part=part, place="external_cache")
    b.put(part, f'{HEAD}<externalLink xmlns="{MAIN}" xmlns:r="{REL}"><externalBook r:id="rId1"><sheetNames><sheetName val="名单"/></sheetNames><sheetDataSet><sheetData sheetId="0">'
          f'<row r="2"><cell r="A2" t="str"><v>{cached[0]}</v></cell><cell r="B2" t="str"><v>{cached[1]}</v></cell></row></sheetData></sheetDataSet></externalBook></externalLink>', TYPE + "externalLink+xml")
    b.rels("xl/externalLinks/_rels/externalLink1.xml.rels", [("rId1", "externalLinkPath", f"file:///D:/{P[10].name}/名单.xlsx", True)])
    b.workbook_rels.append(("rIdE", "externalLink", "externalLinks/externalLink1.xml", False))
    b.extra_sheets = '<externalReferences><externalReference r:id="rIdE"/></externalReferences>'
    return b.made()


def macros_xlsm():
    b = small_book(11, 12)
    b.put("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(24) + b"dummy, no macro")
    b.workbook_rels.append(("rIdB", "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin", False))
    return b.made("xlsm", "whole", "has_macros", "application/vnd.ms-excel.sheet.macroEnabled.main+xml")


def signed_xlsx():
    b = small_book(13, 14)
    signature = "application/vnd.openxmlformats-package.digital-signature-xmlsignature+xml"
    b.put("_xmlsignatures/origin.sigs", b"")
    b.rels("_xmlsignatures/_rels/origin.sigs.rels", [("rId1", f"{PKG}/relationships/digital-signature/signature", "sig1.xml", False)])
    b.put("_xmlsignatures/sig1.xml", HEAD + '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#" Id="idPackageSignature"><SignedInfo/><SignatureValue>AAAA</SignatureValue></Signature>', signature)
    b.root_rels.append(("rIdO", f"{PKG}/relationships/digital-signature/origin", "_xmlsignatures/origin.sigs", False))
    return b.made(edit="whole", edit_reason="signed")


def good():
    """The good workbooks."""
    data, n = small_book(15).made()
    return {
        "members.xlsx": members_xlsx(),
        "pivot.xlsx": pivot_xlsx(),
        "external.xlsx": external_xlsx(),
        "macros.xlsm": macros_xlsm(),
        "signed.xlsx": signed_xlsx(),
        "workbook_named.csv": (data, n),
    }
