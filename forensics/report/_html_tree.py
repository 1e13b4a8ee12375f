"""A page as a small tree: all that the rubric's checks need of HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset({"meta", "br", "img", "link", "input", "hr", "wbr"})


def read_tree(page: str) -> Element:
    """Return the elements of a page; a tag that is never closed ends with its parent."""
    builder = _Builder()
    builder.feed(page)
    return builder.root


@dataclass
class Element:
    """One element with what is inside it: text, and further elements."""

    tag: str
    attrs: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """Go through this element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def find(self, tag: str = "", **attrs: str) -> list[Element]:
        """Return the elements of a tag whose attributes have the given words."""
        return [
            element
            for element in self.walk()
            if (not tag or element.tag == tag)
            and all(value in element.attrs.get(k, "").split() for k, value in attrs.items())
        ]

    def text(self, silent: frozenset[str] = frozenset()) -> str:
        """Return the text, without that of ``silent`` tags and of the page's own controls."""
        if self.tag in silent or "chrome" in self.attrs.get("class", "").split():
            return " "
        return " ".join(c if isinstance(c, str) else c.text(silent) for c in self.children)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {n: v or "" for n, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)
