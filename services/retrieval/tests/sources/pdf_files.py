"""PDF files of all sorts, made on the spot."""

import io
import zlib
from pathlib import Path

from fpdf import FPDF
from pypdf import PdfReader, PdfWriter


def articles(path: Path, pages: int = 1, *, headings: bool = True) -> Path:
    """Pages of text, with headings in larger letters or without."""
    pdf = FPDF()
    pdf.set_title("Care of tents")
    for number in range(1, pages + 1):
        pdf.add_page()
        if headings:
            pdf.set_font("helvetica", size=24)
            pdf.cell(text=f"Chapter {number}", new_x="LMARGIN", new_y="NEXT")
        pdf.set_font("helvetica", size=11)
        pdf.multi_cell(0, text="Dry the tent completely before you store it. Keep it away from the sun. " * 5)
    pdf.output(str(path))
    return path


def scanned(path: Path) -> Path:
    """A page with a picture and no text."""
    pdf = FPDF()
    pdf.add_page()
    pdf.rect(10, 10, 100, 100, style="F")
    pdf.output(str(path))
    return path


def locked(path: Path) -> Path:
    """A file that a password protects."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(articles(path).read_bytes())))
    writer.encrypt("secret", algorithm="RC4-128")
    with path.open("wb") as file:
        writer.write(file)
    return path


def bomb(path: Path, size: int = 400_000_000) -> Path:
    """A small file whose page unpacks to `size` bytes."""
    packer = zlib.compressobj(9)
    block = b"BT /F1 12 Tf (x) Tj ET\n" * 40_000
    packed = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % table
    path.write_bytes(out)
    return path
