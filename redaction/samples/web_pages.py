"""The sample reading room's web pages, with the kinds of links found on real ones."""

from __future__ import annotations

from collections.abc import Iterable

REDIRECT = "latest.pdf"
"""A path that redirects to one of the documents."""

ROBOTS = "User-agent: *\nDisallow: /private/\n"


def web_pages(names: list[str], malformed: list[str]) -> dict[str, str]:
    """Return the text of each page by its path in the site: an index, a page in a subfolder, and robots.txt.

    The index links the first half of the documents (one with a query string, one under a second URL, one through a redirect),
    a document disallowed by robots.txt, and the page in the subfolder. That page links the second half and the malformed files,
    with relative links.
    """
    half = (len(names) + 1) // 2
    first = [f"documents/{name}" for name in names[:half]]
    first[-1] += "?download=1"
    index = _page(
        "Reading room",
        [*first, "mirror/copy.pdf", REDIRECT, "private/sealed.pdf"],
        '<p><a href="archive/index.html">Older records</a>. <a href="mailto:desk@example.org">Ask the desk</a>.</p>',
    )
    archive = _page(
        "Older records",
        [f"../documents/{name}" for name in (*names[half:], *malformed)],
        '<p><a href="/index.html">Back to the reading room</a>. <a href="#top">Top</a></p>',
    )
    return {"index.html": index, "archive/index.html": archive, "robots.txt": ROBOTS}


def _page(title: str, links: Iterable[str], footer: str) -> str:
    items = "\n".join(
        f'  <li><a class="document" href="{link}">{link.rsplit("/", 1)[-1].split("?")[0]}</a></li>' for link in links
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n<body id="top">\n'
        f'<h1>{title}</h1>\n<ul class="documents">\n{items}\n</ul>\n{footer}\n</body>\n</html>\n'
    )
