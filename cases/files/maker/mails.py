"""EML and MBOX."""

import base64

from . import tables
from .people import P
from .record import member, node, plants_in, plants_raw


def quoted_printable(text, eol, width=60):
    """Quoted-printable UTF-8; soft breaks wherever the line is full, so also inside values."""
    out = []
    for line in text.split("\n"):
        row, rows = "", []
        for b in line.encode():
            token = chr(b) if 32 <= b < 127 and b != 61 else f"={b:02X}"
            if len(row) + len(token) > width:
                rows.append(row + "=")
                row = ""
            row += token
        out += [*rows, row]
    return eol.join(out)


def word(text, charset="utf-8", q=False):
    """An encoded word (RFC 2047)."""
    data = text.encode(charset)
    if q:
        return f"=?{charset.upper()}?Q?" + "".join(f"={b:02X}" for b in data) + "?="
    return f"=?{charset.upper()}?B?{base64.b64encode(data).decode()}?="


def wrapped(data, eol):
    """Base64 in lines of 76."""
    text = base64.b64encode(data).decode()
    return eol.join(text[i:i + 76] for i in range(0, len(text), 76))


def header_plants(text, raw, name):
    """What an encoded header hides."""
    return plants_raw(text, raw, {"header": name})


def text_part(name, text, eol, last, **more):
    """A decoded body part, as a member; `last` is the line end after its last line."""
    data = (text.replace("\n", eol) + last).encode()
    lines = text.split("\n")
    planted = [p for i, line in enumerate(lines) for p in plants_in(line, {"line": i + 1})]
    return member(name, node("txt", data, encoding="utf-8", planted=planted, units={"unit": "line", "count": len(lines)}, texts=[{"text": t} for t in lines]), **more)


def mail_eml():
    """Headers in encoded words, a text and an HTML body, one attachment."""
    n = "\r\n"
    subject = f"会员{P[1].name}的名单"
    attachment, attached = tables.members_csv()
    text = (f"{P[2].name}，您好：\n请核对附件，有问题请打 {P[3].mobile} 或写信到 {P[3].email}。这一行很长，软换行会把号码 {P[4].mobile} 从中间切开，也会切开汉字和邮箱 {P[4].email} 的字节。\n"
            f"--\n{P[5].name}")
    html = f"<html><body><p>{P[2].name}，您好：请核对附件。</p></body></html>"
    sender, to = f"{P[5].name}", f"{P[1].name}"
    head = [
        f"From: {word(sender, q=True)} <{P[5].email}>",
        f"To: {word(to)} <{P[1].email}>,",
        f" {P[2].email}",
        f"Subject: {word(subject)}",
        "Date: Mon, 05 Jan 2026 09:00:00 +0800",
        "Message-ID: <0001@example.com>",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="outer"',
    ]
    filename = word("会员名单.csv")
    body = [
        "--outer", 'Content-Type: multipart/alternative; boundary="inner"', "",
        "--inner", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "", quoted_printable(text, n),
        "--inner", "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: base64", "", wrapped(html.encode(), n), "--inner--", "",
        "--outer", f'Content-Type: text/csv; name="{filename}"', "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment; filename*=UTF-8''%E4%BC%9A%E5%91%98%E5%90%8D%E5%8D%95.csv", "", wrapped(attachment, n), "--outer--", "",
    ]
    header = (n.join(head) + n + n).encode()
    data = header + n.join(body).encode()
    planted = (header_plants(sender, word(sender, q=True), "From") + plants_in(P[5].email, {"header": "From"}) + header_plants(to, word(to), "To")
               + plants_in(P[1].email, {"header": "To"}) + plants_in(P[2].email, {"header": "To"}) + header_plants(subject, word(subject), "Subject"))
    attached = dict(attached)
    html_part = node("html", html.encode(), encoding="utf-8", planted=plants_in(html, {"place": "text"}), units={"unit": "block", "count": 1},
                     texts=[{"text": f"{P[2].name}，您好：请核对附件。"}])
    members = [
        text_part("1.1", text, n, "", transfer="quoted-printable"),
        member("1.2", html_part, transfer="base64"),
        member("2", attached, transfer="base64", filename="会员名单.csv"),
    ]
    return data, node("eml", data, planted=planted, parts={"": header}, members=members, units={"unit": "part", "count": 3},
                      headers={"Subject": subject, "From": sender, "To": to})


def _letter(n, subject, body, extra=()):
    return [f"From: {P[n].email}", "To: shop@example.com", f"Subject: {subject}", "Date: Tue, 06 Jan 2026 10:00:00 +0800", f"Message-ID: <100{n}@example.com>", *extra, "", *body]


def box_mbox():
    """Three mails with line feeds; the second has a quoted 'From ' line, the third is base64 of GB18030."""
    gb = f"{P[12].name}来信，电话 {P[12].mobile}。\n第二行。\n"
    utf8 = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit")
    mails = [
        ("会议", _letter(10, "meeting", [f"{P[10].name}的新号码是 {P[10].mobile}。"], utf8), f"{P[10].name}的新号码是 {P[10].mobile}。"),
        ("转述", _letter(11, "quoted", ["他写道:", ">From now on call " + P[11].mobile, "From: 不在行首的不算", ">>From 两层"], utf8),
         f"他写道:\nFrom now on call {P[11].mobile}\nFrom: 不在行首的不算\n>From 两层"),
        ("编码", _letter(12, word(P[12].name, "gb18030"), [wrapped(gb.encode("gb18030"), "\n")],
                       ("MIME-Version: 1.0", "Content-Type: text/plain; charset=gb18030", "Content-Transfer-Encoding: base64")), gb.rstrip("\n")),
    ]
    out, spans, members = b"", [], []
    for i, (_, lines, text) in enumerate(mails):
        n = 10 + i
        start = len(out)
        head = f"From {P[n].email} Tue Jan  6 10:00:00 2026\n"
        raw = "\n".join(lines) + "\n"
        out += (head + raw + "\n").encode()
        spans.append([start, len(out)])
        block = raw[:raw.index("\n\n") + 2].encode()
        envelope = plants_in(P[n].email, {"header": "From"})
        if i == 2:
            envelope += header_plants(P[12].name, word(P[12].name, "gb18030"), "Subject")
            body = node("txt", gb.encode("gb18030"), encoding="gb18030", planted=[p for k, line in enumerate(gb.split("\n")) for p in plants_in(line, {"line": k + 1})],
                        units={"unit": "line", "count": 2}, texts=[{"text": t} for t in text.split("\n")])
            part = member("1", body, transfer="base64")
        else:
            part = text_part("1", text, "\n", "\n", transfer="8bit")
        unquoted = raw.replace("\n>From ", "\nFrom ").replace("\n>>From ", "\n>From ").encode()
        members.append(member(str(i + 1), node("eml", unquoted, planted=envelope, parts={"": block}, members=[part], units={"unit": "part", "count": 1})))
    from_lines = [p for i in range(3) for p in plants_in(P[10 + i].email, {"message": i + 1, "place": "from_line"})]
    lines = bytearray(b" " * len(out))
    for start, _ in spans:
        end = out.index(b"\n", start)
        lines[start:end] = out[start:end]
    made = node("mbox", out, edit="messages", planted=from_lines, parts={"": bytes(lines)}, members=members, units={"unit": "message", "count": 3}, spans=spans)
    return out, made


def eml_deep(levels=200):
    """A mail in a mail in a mail …"""
    inner = f"Subject: bottom\r\nContent-Type: text/plain\r\n\r\n{P[13].mobile}\r\n"
    for i in range(levels):
        inner = f"Subject: level {levels - i}\r\nMIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n{inner}"
    return inner.encode()


def good():
    """The good mails."""
    return {"mail.eml": mail_eml(), "box.mbox": box_mbox()}
