"""PDF, object by object."""

from .deflate import zlib_stream
from .people import P
from .record import node, plants_in, plants_over_runs, plants_raw, unread


def pdf(objects, trailer="", root=1, before=b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"):
    """The file; objects are number → bytes."""
    out, places = bytearray(before), {}
    for n, body in objects.items():
        places[n] = len(out)
        out += f"{n} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {max(objects) + 1}\n0000000000 65535 f \n".encode()
    for n in range(1, max(objects) + 1):
        out += f"{places[n]:010d} 00000 n \n".encode()
    out += f"trailer\n<< /Size {max(objects) + 1} /Root {root} 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def stream(data, flate=False, extra=""):
    """A stream object."""
    data = zlib_stream(data) if flate else data
    filter_ = " /Filter /FlateDecode" if flate else ""
    return f"<< /Length {len(data)}{filter_}{extra} >>\nstream\n".encode() + data + b"\nendstream"


FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"


def page(contents, resources="/Font << /F1 3 0 R >>"):
    """A page object."""
    return f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << {resources} >> /Contents {contents} 0 R >>".encode()


def utf16(text):
    """A hexadecimal text string."""
    return "<FEFF" + text.encode("utf-16-be").hex().upper() + ">"


def text_pdf(name="text"):
    """Two pages, the second compressed; one number set with kerning; a Chinese author."""
    a, b, c = P[1], P[27], P[3]
    first = f"BT /F1 12 Tf 72 760 Td (Customer {b.name}) Tj 0 -18 Td (Mobile {a.mobile}) Tj 0 -18 Td [({c.mobile[:5]}) -20 ({c.mobile[5:]})] TJ ET\n".encode()
    second = f"BT /F1 12 Tf 72 760 Td (Write to {b.email}) Tj 0 -18 Td (ID {b.resident_id}) Tj ET\n".encode()
    author = utf16(P[2].name)
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [4 0 R 6 0 R] /Count 2 >>", 3: FONT,
        4: page(5), 5: stream(first), 6: page(7), 7: stream(second, True),
        8: f"<< /Author {author} /Title (Customer letter) /Keywords ({P[4].mobile}) >>".encode(),
    }
    data = pdf(objects, "/Info 8 0 R ")
    planted = (plants_in(b.name, {"page": 1}) + plants_in(a.mobile, {"page": 1}) + plants_over_runs([c.mobile[:5], c.mobile[5:]], {"page": 1})
               + plants_in(b.email, {"page": 2, "part": "object 7"}) + plants_in(b.resident_id, {"page": 2, "part": "object 7"})
               + plants_raw(P[2].name, author, {"place": "author"}) + plants_in(P[4].mobile, {"place": "keywords"}))
    texts = [{"page": 1, "text": t} for t in (f"Customer {b.name}", f"Mobile {a.mobile}", c.mobile)] + [{"page": 2, "text": t} for t in (f"Write to {b.email}", f"ID {b.resident_id}")]
    return data, node("pdf", data, planted=planted, parts={"": data, "object 7": second}, units={"unit": "page", "count": 2}, texts=texts)


def revised_pdf():
    """A saved change: the page's text was replaced, the old one is still in the file."""
    old = stream(f"BT /F1 12 Tf 72 760 Td (Old number {P[5].mobile}) Tj ET\n".encode())
    new = stream(f"BT /F1 12 Tf 72 760 Td (New number {P[6].mobile}) Tj ET\n".encode())
    base = pdf({1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>", 3: FONT, 4: page(5), 5: old})
    start = int(base.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    at = len(base)
    data = base + b"5 0 obj\n" + new + b"\nendobj\n"
    table = len(data)
    data += f"xref\n5 1\n{at:010d} 00000 n \ntrailer\n<< /Size 6 /Root 1 0 R /Prev {start} >>\nstartxref\n{table}\n%%EOF\n".encode()
    planted = plants_in(P[5].mobile, {"place": "old_revision", "page": 1}) + plants_in(P[6].mobile, {"page": 1})
    return data, node("pdf", data, planted=planted, units={"unit": "page", "count": 1}, texts=[{"page": 1, "text": f"New number {P[6].mobile}"}])


def scan_pdf():
    """One picture, no text."""
    side = 64
    bits = bytes((x * 37 + y * 11) % 256 for y in range(side) for x in range(side // 8))
    image = stream(bits, False, f" /Type /XObject /Subtype /Image /Width {side} /Height {side} /ColorSpace /DeviceGray /BitsPerComponent 1")
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>", 3: image, 4: page(5, "/XObject << /Im1 3 0 R >>"),
               5: stream(b"q 400 0 0 400 72 300 cm /Im1 Do Q\n")}
    data = pdf(objects)
    return data, unread("pdf", data, "no_text", parts={"": data}, units={"unit": "page", "count": 1})


def good():
    """PDFs that open."""
    return {"text.pdf": text_pdf(), "revised.pdf": revised_pdf(), "scan.pdf": scan_pdf()}


def bad():
    """PDFs that do not."""
    whole, n = text_pdf()
    cut = whole[:whole.index(b"xref\n0") + 60]
    hidden = lambda: [dict(p) for p in n["planted"]]
    parts = lambda data: {"": data, "object 7": n["_parts"]["object 7"]}
    out = {"pdf_cut_in_xref.pdf": (cut, unread("pdf", cut, "damaged", reason_or=["read"], planted=hidden(), parts=parts(cut)))}
    objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>", 3: FONT, 4: page(5), 5: stream(bytes((i * 73 + 5) % 256 for i in range(96))),
               6: f"<< /Filter /Standard /V 1 /R 2 /O <{'41' * 32}> /U <{'42' * 32}> /P -4 >>".encode()}
    data = pdf(objects, f"/Encrypt 6 0 R /ID [<{'00' * 16}> <{'00' * 16}>] ")
    out["pdf_encrypted.pdf"] = data, unread("pdf", data, "password_protected")
    return out
