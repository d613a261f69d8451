"""DOCX, HTML and plain text."""

from .archives import zip_of
from .people import P
from .record import node, plants_in, plants_over_runs, plants_raw
from .sheets import HEAD, PKG, REL, esc

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
WTYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml."


class Letter:
    """A document whose paragraphs remember what was planted in them."""

    def __init__(self):
        self.parts, self.planted, self.texts = {}, [], []

    def paragraph(self, part, *runs, deleted=None, **at):
        """One paragraph of runs; `deleted` is a tracked deletion after them."""
        where = {"part": part, "paragraph": sum(t["part"] == part for t in self.texts) + 1, **at}
        self.planted += plants_over_runs(runs, where)
        xml = "".join(f'<w:r><w:t xml:space="preserve">{esc(r)}</w:t></w:r>' for r in runs)
        text = "".join(runs)
        if deleted:
            self.planted += plants_in(deleted, {**where, "place": "tracked_deletion"})
            xml += f'<w:del w:id="9" w:author="审阅人" w:date="2026-01-02T00:00:00Z"><w:r><w:delText xml:space="preserve">{esc(deleted)}</w:delText></w:r></w:del>'
        self.texts.append({"part": part, "text": text, **({"deleted": deleted} if deleted else {})})
        return f"<w:p>{xml}</w:p>"

    def table(self, part, rows):
        """A table of one-paragraph cells."""
        xml = '<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/></w:tblPr><w:tblGrid>' + "<w:gridCol/>" * len(rows[0]) + "</w:tblGrid>"
        for row in rows:
            xml += "<w:tr>" + "".join(f"<w:tc><w:tcPr/>{self.paragraph(part, *c, place='table')}</w:tc>" for c in row) + "</w:tr>"
        return xml + "</w:tbl>"


def letter_docx():
    """Values in the body, a table, header, footer, a comment, a footnote, a tracked deletion, a link and the properties."""
    d, root = Letter(), f'xmlns:w="{W}" xmlns:r="{REL}"'
    doc, p = "word/document.xml", d.paragraph
    body = p(doc, f"尊敬的{P[1].name}女士:")
    body += p(doc, "您登记的手机号 ", P[1].mobile[:4], P[1].mobile[4:8], P[1].mobile[8:], " 将于三十日后删除。")
    body += p(doc, "原联系人", deleted=f"{P[2].name} {P[2].mobile}")
    body += d.table(doc, [[["姓名"], ["邮箱"], ["身份证号"]], [[P[3].name], [P[3].email], [P[3].resident_id[:6], P[3].resident_id[6:]]]])
    at = {"part": doc, "paragraph": sum(t["part"] == doc for t in d.texts) + 1, "place": "inserted"}
    d.planted += plants_in(f"新增 {P[4].mobile}", at)
    d.texts.append({"part": doc, "text": f"新增 {P[4].mobile}"})
    body += f'<w:p><w:ins w:id="8" w:author="审阅人" w:date="2026-01-02T00:00:00Z"><w:r><w:t>新增 {P[4].mobile}</w:t></w:r></w:ins></w:p>'
    d.texts.append({"part": doc, "text": "写信"})
    body += '<w:p><w:hyperlink r:id="rId9"><w:r><w:t>写信</w:t></w:r></w:hyperlink></w:p>'
    d.planted += plants_in(f"内部备注 {P[5].mobile}", {"part": doc, "paragraph": sum(t["part"] == doc for t in d.texts) + 1, "place": "hidden_text"})
    d.texts.append({"part": doc, "text": f"内部备注 {P[5].mobile}"})
    body += f'<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>内部备注 {P[5].mobile}</w:t></w:r></w:p>'
    d.texts.append({"part": doc, "text": "A&B <公司> 敬上"})
    body += "<w:p><w:commentRangeStart w:id=\"0\"/><w:r><w:t>A&amp;B &lt;公司&gt; 敬上</w:t></w:r><w:commentRangeEnd w:id=\"0\"/><w:r><w:commentReference w:id=\"0\"/></w:r><w:r><w:footnoteReference w:id=\"2\"/></w:r></w:p>"
    body += '<w:sectPr><w:headerReference w:type="default" r:id="rId1"/><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="11906" w:h="16838"/></w:sectPr>'
    parts = {
        doc: f"<w:document {root}><w:body>{body}</w:body></w:document>",
        "word/header1.xml": f"<w:hdr {root}>{p('word/header1.xml', f'经办人 {P[6].name}', place='header')}</w:hdr>",
        "word/footer1.xml": f"<w:ftr {root}>{p('word/footer1.xml', f'电话 {P[6].mobile}', place='footer')}</w:ftr>",
    }
    author = plants_in(P[7].name, {"part": "word/comments.xml", "place": "comment_author"})
    d.planted += author
    parts["word/comments.xml"] = (f'<w:comments {root}><w:comment w:id="0" w:author="{P[7].name}" w:date="2026-01-02T00:00:00Z">'
                                  f"{p('word/comments.xml', f'请先打 {P[8].mobile}', place='comment')}</w:comment></w:comments>")
    parts["word/footnotes.xml"] = (f'<w:footnotes {root}><w:footnote w:type="separator" w:id="0"><w:p><w:r><w:separator/></w:r></w:p></w:footnote><w:footnote w:type="continuationSeparator" w:id="1"><w:p><w:r>'
                                   f"<w:continuationSeparator/></w:r></w:p></w:footnote><w:footnote w:id=\"2\">{p('word/footnotes.xml', f'见 {P[9].email}', place='footnote')}</w:footnote></w:footnotes>")
    parts["word/styles.xml"] = f'<w:styles {root}><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style></w:styles>'
    kinds = {"document": "document.main", "header1": "header", "footer1": "footer", "comments": "comments", "footnotes": "footnotes", "styles": "styles"}
    types = "".join(f'<Override PartName="/word/{n}.xml" ContentType="{WTYPE}{t}+xml"/>' for n, t in kinds.items())
    rel = lambda rid, kind, target, more="": f'<Relationship Id="{rid}" Type="{kind if "://" in kind else REL + "/" + kind}" Target="{target}"{more}/>'
    rels = "".join([rel("rId1", "header", "header1.xml"), rel("rId2", "footer", "footer1.xml"), rel("rId3", "comments", "comments.xml"), rel("rId4", "footnotes", "footnotes.xml"),
                    rel("rId5", "styles", "styles.xml"), rel("rId9", "hyperlink", f"mailto:{P[10].email}", ' TargetMode="External"')])
    d.planted += plants_in(P[10].email, {"part": "word/_rels/document.xml.rels", "relationship": "rId9"})
    core = (f'<cp:coreProperties xmlns:cp="{PKG}/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>告知书</dc:title><dc:creator>{P[11].name}</dc:creator>'
            f"<cp:keywords>{P[12].mobile}</cp:keywords><cp:lastModifiedBy>{P[12].name}</cp:lastModifiedBy></cp:coreProperties>")
    for value, place in ((P[11].name, "creator"), (P[12].mobile, "keywords"), (P[12].name, "last_modified_by")):
        d.planted += plants_in(value, {"part": "docProps/core.xml", "place": place})
    wrap = lambda tag, xml: f'<{tag} xmlns="{PKG}/{"content-types" if tag == "Types" else "relationships"}">{xml}</{tag}>'
    whole = {
        "[Content_Types].xml": wrap("Types", f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{types}'
                                    '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'),
        "_rels/.rels": wrap("Relationships", rel("rId1", "officeDocument", doc) + rel("rId2", f"{PKG}/relationships/metadata/core-properties", "docProps/core.xml")),
        **parts,
        "word/_rels/document.xml.rels": wrap("Relationships", rels),
        "docProps/core.xml": core,
    }
    whole = {n: (HEAD + xml).encode() for n, xml in whole.items()}
    data = zip_of(whole)
    return data, node("docx", data, units={"unit": "paragraph", "count": len(d.texts)}, texts=d.texts, part_names=list(whole), planted=d.planted, parts=whole)


def page_html():
    """A page in GBK: entities, attributes, a script, a comment, a link."""
    entity = "".join(f"&#{ord(c)};" for c in P[2].name)
    hexed = "".join(f"&#x{ord(c):x};" for c in P[3].mobile)
    lines = [
        ("<!DOCTYPE html>", []),
        ('<html lang="zh-CN"><head><meta charset="gbk">', []),
        (f"<title>会员{P[1].name}的页面</title>", plants_in(P[1].name, {"place": "title"})),
        (f'<meta name="author" content="{P[4].name}">', plants_in(P[4].name, {"place": "attribute"})),
        (f'<script>var phone = "{P[5].mobile}"; if (1 < 2 && 3 > 2) {{ call(phone); }}</script>', plants_in(P[5].mobile, {"place": "script"})),
        ("<style>p { color: #333 }</style></head><body>", []),
        (f"<!-- 旧电话 {P[6].mobile} -->", plants_in(P[6].mobile, {"place": "comment"})),
        (f"<p>姓名:{entity}&nbsp;先生 &amp; 家人</p>", plants_raw(P[2].name, entity, {"place": "text"})),
        (f"<p>手机:{hexed}</p>", plants_raw(P[3].mobile, hexed, {"place": "text"})),
        (f"<p>手机:<b>{P[7].mobile[:3]}</b><i>{P[7].mobile[3:]}</i></p>", plants_over_runs([P[7].mobile[:3], P[7].mobile[3:]], {"place": "text"})),
        (f"<p>邮箱:{P[8].email.replace('@', '&#64;')}</p>", plants_raw(P[8].email, P[8].email.replace("@", "&#64;"), {"place": "text"})),
        (f'<p><a href="mailto:{P[9].email}" title="{P[9].name}">写信</a> <a href="tel:{P[10].mobile}">电话</a></p>',
         plants_in(P[9].email, {"place": "attribute"}) + plants_in(P[9].name, {"place": "attribute"}) + plants_in(P[10].mobile, {"place": "attribute"})),
        (f'<input type="hidden" name="id" value="{P[11].resident_id}">', plants_in(P[11].resident_id, {"place": "attribute"})),
        ("</body></html>", []),
    ]
    planted = []
    for i, (_, plants) in enumerate(lines):
        for plant in plants:
            plant["at"]["line"] = i + 1
        planted += plants
    data = "\n".join(line for line, _ in lines).encode("gbk")
    texts = [f"会员{P[1].name}的页面", f"姓名:{P[2].name}\u00a0先生 & 家人", f"手机:{P[3].mobile}", f"手机:{P[7].mobile}", f"邮箱:{P[8].email}", "写信 电话"]
    return data, node("html", data, encoding="gbk", bom=False, units={"unit": "block", "count": len(texts)}, texts=[{"text": t} for t in texts], planted=planted)


SIMPLE = [
    "会议记录 2026年1月5日",
    "{a}来电，说已经搬家，请把旧地址删去。",
    "回电号码 {b}，下午三点以后有人接。",
    "邮箱写的是 {c}，已经核对。",
    "另外两位客户没有留下联系方式，等他们再打来。",
    "以上内容由前台整理，请勿外传。",
]
TRADITIONAL = [
    "會議記錄 2026年1月5日",
    "{a}來電，說已經搬家，請把舊地址刪去。",
    "回電號碼 {b}，下午三點以後有人接。",
    "信箱寫的是 {c}，已經核對。",
    "另外兩位客戶沒有留下聯絡方式，等他們再打來。",
    "以上內容由櫃檯整理，請勿外傳。",
]


def note_txt(encoding, codec, lines, who, eol="\n", bom=False):
    """The same note in several encodings."""
    lines = [line.format(a=who.name, b=who.mobile, c=who.email) for line in lines]
    planted = [p for i, line in enumerate(lines) for p in plants_in(line, {"line": i + 1})]
    data = (("\ufeff" if bom else "") + eol.join(lines) + eol).encode(codec)
    return data, node("txt", data, encoding=encoding, codec=codec, bom=bom, line_end={"\n": "lf", "\r\n": "crlf"}[eol],
                      units={"unit": "line", "count": len(lines)}, texts=[{"text": line} for line in lines], planted=planted)


def good():
    """The good letters, pages and notes."""
    return {
        "letter.docx": letter_docx(),
        "page.html": page_html(),
        "note_utf8.txt": note_txt("utf-8", "utf-8", SIMPLE, P[25]),
        "note_gb18030.txt": note_txt("gb18030", "gb18030", SIMPLE, P[21], "\r\n"),
        "note_utf16le.txt": note_txt("utf-16le", "utf-16-le", SIMPLE, P[22], "\r\n", True),
        "note_big5.txt": note_txt("big5", "big5", TRADITIONAL, P[23]),
    }
