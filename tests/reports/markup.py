"""Reading written pages: elements, their text, and what they load from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Elements that have no end.
VOID = {"meta", "wbr", "br", "input"}


@dataclass
class Element:
    """One element with its attributes, and text and elements in order."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, whitespace as one space."""
        parts = [c if isinstance(c, str) else f"{c.text} " for c in self.children]
        return re.sub(r"\s+", " ", "".join(parts)).strip()

    @property
    def classes(self) -> set[str]:
        """Its classes."""
        return set(self.attributes.get("class", "").split())

    def all(self, tag: str = "", kind: str = "") -> list[Element]:
        """Elements inside it, at any depth, of a tag and a class."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if tag in ("", child.tag) and (not kind or kind in child.classes):
                    found.append(child)
                found += child.all(tag, kind)
        return found

    def by_id(self, name: str) -> Element:
        """The one element with an id."""
        (found,) = [e for e in self.all() if e.attributes.get("id") == name]
        return found


class _Reader(HTMLParser):
    """Builds the tree; every end must meet its start."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(html: str) -> Element:
    """The tree of a page, in which every element is closed in its place."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def outside(html: str) -> list[str]:
    """Everything that a page would load or lead to outside itself."""
    page = parse(html)
    found = [
        value
        for element in page.all()
        for name, value in element.attributes.items()
        if name in ("src", "href", "srcset", "action", "xlink:href")
        and not value.startswith(("data:", "#"))
    ]
    styles = " ".join(e.text for e in page.all("style")) + " ".join(
        e.attributes.get("style", "") for e in page.all()
    )
    found += re.findall(r"@import[^;]*|url\([^)]*\)", styles)
    return found + [e.tag for e in page.all() if e.tag in ("link", "iframe", "base", "object")]
