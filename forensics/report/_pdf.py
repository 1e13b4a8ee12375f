"""Turn the page into a PDF with page numbers; the same page gives the same bytes."""

from __future__ import annotations

import hashlib
import logging

from forensics.errors import ForensicsError


def render_pdf(page: str) -> bytes:
    """Return ``page`` as PDF (A4, page numbers, charts uncut). Nothing is fetched.

    Raises
    ------
    ForensicsError
        If the PDF library lacks a system library on this machine; the message says which.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415  # needs Pango, which a machine may lack
        from weasyprint.urls import URLFetcher  # noqa: PLC0415  # same
    except OSError as error:
        raise ForensicsError(
            f"postmortem.pdf: the PDF library can't start ({error}); install Pango, "
            "or leave the PDF out"
        ) from error
    # It reports each CSS property that paper has no use for.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    # What is inside the page is admitted, every address is refused.
    fetcher = URLFetcher(allowed_protocols=("data",))
    identifier = hashlib.sha256(page.encode()).digest()[:16]
    made: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf(pdf_identifier=identifier)
    return made
