"""PDF files: read in a process of their own, which is bounded and thrown away."""

from retrieval.sources.pdf.reader import PdfLimits, PdfText, read_pdf

__all__ = ["PdfLimits", "PdfText", "read_pdf"]
