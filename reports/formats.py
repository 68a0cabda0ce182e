"""One table of texts as a terminal table, Markdown, CSV or LaTeX, each with its own escaping."""

from __future__ import annotations

import csv
import io
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Colours of a terminal; "best" is bold in every format.
STYLES = {
    "best": "bold green",
    "better": "bold green",
    "maybe better": "green",
    "worse": "bold red",
    "maybe worse": "red",
    "note": "italic",
    "notice": "yellow",
    "plain": "",
}

LATEX = {
    **{character: "\\" + character for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "−": "$-$",
}


@dataclass(frozen=True)
class CellText:
    """One shown cell: a line with its style (of `STYLES`, else pale), and smaller lines below."""

    text: str
    style: str = "plain"
    notes: tuple[str, ...] = ()
    below: tuple[CellText, ...] = ()

    @property
    def best(self) -> bool:
        """Whether it is marked as the best of its column."""
        return self.style == "best"


@dataclass(frozen=True)
class TextTable:
    """Cells under their heads, ready for any format.

    left: columns that hold words; the others hold numbers.
    below: what the lines below a row's values are, for a format that gives them rows of their own.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[CellText]]
    title: str = ""
    notes: Sequence[str] = ()
    left: Sequence[int] = (0,)
    below: Sequence[str] = field(default=())

    def turned(self, first: str) -> TextTable:
        """Rows as columns, under a first head: a terminal has no width for all metrics."""
        heads = [first, *(row[0].text.replace(" [", "\n[") for row in self.rows)]
        columns = zip(*(row[1:] for row in self.rows), strict=True)
        rows = [
            [CellText(head), *cells] for head, cells in zip(self.heads[1:], columns, strict=True)
        ]
        return TextTable(heads, rows, self.title, self.notes)


def plain(text: str) -> str:
    """One line without control characters, which could steer a terminal or end a comment."""
    text = re.sub(r"[\r\n\t\v\f\x85\u2028\u2029]+", " ", text)
    control = r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    return re.sub(control, lambda found: ascii(found[0])[1:-1], text)


def terminal(table: TextTable, width: int = 140) -> str:
    """With colours where standard output is a terminal, and no wider than that; notes below, pale.

    Columns of numbers that do not fit beside each other follow in a further table below.
    """
    from rich.console import Console
    from rich.text import Text

    if shown := sys.stdout.isatty():
        width = min(width, shutil.get_terminal_size().columns)
    console = Console(file=io.StringIO(), width=width, force_terminal=shown or None)
    with console.capture() as capture:
        if table.title:
            console.print(Text(plain(table.title), style="italic"))
        if table.rows:
            for part in _side_by_side(table, console):
                console.print(part)
        for note in table.notes:
            console.print(Text(plain(note), style="dim"))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).strip("\n")


def _side_by_side(table: TextTable, console: Console) -> Iterator[Table]:
    """The table in parts that fit the console, each with the first column."""
    from rich.measure import Measurement

    def fits(columns: list[int]) -> bool:
        unbounded = console.options.update(max_width=1 << 16)
        return Measurement.get(console, unbounded, _grid(table, columns)).maximum <= console.width

    every = list(range(len(table.heads)))
    if tuple(table.left) != (0,):  # words are broken over lines
        yield _grid(table, every)
        return
    part = every[:2]
    for index in every[2:]:
        if not fits([*part, index]):
            yield _grid(table, part)
            part = [0]
        part.append(index)
    yield _grid(table, part)


def _grid(table: TextTable, columns: Sequence[int]) -> Table:
    """Some columns for rich, as `Text`, since it takes brackets in a string for markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index in columns:
        lines = "\n".join(map(plain, table.heads[index].split("\n")))
        grid.add_column(Text(lines), justify="left" if index in table.left else "right")
    for row in table.rows:
        texts = []
        for cell in (row[index] for index in columns):
            text = Text(plain(cell.text), STYLES.get(cell.style, "dim"))
            for line in cell.below:
                if line.text:
                    text.append(f"\n{plain(line.text)}", STYLES.get(line.style, "dim"))
            texts.append(text)
        grid.add_row(*texts)
    return grid


def markdown(table: TextTable) -> str:
    """A GitHub table, best values bold, notes below."""
    rules = ["---" if index in table.left else "--:" for index in range(len(table.heads))]
    lines = [in_markdown(table.title), ""] if table.title else []
    rows = [list(map(in_markdown, table.heads))]
    for row in table.rows:
        rows.append(texts := [])
        for cell in row:
            text = in_markdown(cell.text)
            parts = [f"**{text}**" if cell.best and text else text]
            for line in cell.below:
                small = in_markdown(line.text)
                parts += [f"*{small}*" if line.style == "note" else small] * bool(small)
            texts.append("<br>".join(parts))
    head, *found = (f"| {' | '.join(texts)} |" for texts in rows)
    notes = ["", *listed(table.notes)] if table.notes else []
    return "\n".join([*lines, head, "|" + "|".join(rules) + "|", *found, *notes])


def listed(notes: Iterable[str]) -> list[str]:
    """Notes as a list in Markdown."""
    return [f"- {in_markdown(note)}" for note in notes]


def in_markdown(text: str) -> str:
    """Text that ends no cell of a table and starts no markup."""
    text = re.sub(r"([\\|`*~$]|(?<=\])\()", r"\\\1", plain(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)


def latex(table: TextTable) -> str:
    """A booktabs table; lines below a value in small rows of their own, notes as comments."""
    comments = [f"% {plain(text)}" for text in (table.title, *table.notes) if text]
    align = "".join("l" if index in table.left else "r" for index in range(len(table.heads)))
    heads = " & ".join(map(in_latex, table.heads)) + r" \\"
    lines = [rf"\begin{{tabular}}{{{align}}}", r"\toprule", heads, r"\midrule"]
    for row in table.rows:
        texts = [in_latex(cell.text) for cell in row]
        bold = [rf"\textbf{{{t}}}" if c.best else t for t, c in zip(texts, row, strict=True)]
        lines.append(" & ".join(bold) + r" \\")
        for place, name in enumerate(table.below):
            small = [c.below[place].text if place < len(c.below) else "" for c in row]
            if any(small):
                texts = [rf"{{\scriptsize {in_latex(text)}}}" if text else "" for text in small]
                texts[0] = rf"\quad\scriptsize {name}"
                lines.append(" & ".join(texts) + r" \\")
    return "\n".join([*comments, *lines, r"\bottomrule", r"\end{tabular}"])


def in_latex(text: str) -> str:
    """Text safe inside LaTeX; hyphens before a digit are minus signs."""
    text = re.sub(r"(?<!\w)-(?=\.?\d)", "−", plain(text))
    text = "".join(LATEX.get(character, character) for character in text)
    # After the end of a line of a table both would be read as its options.
    return f"{{}}{text}" if text.startswith(("[", "*")) else text


def comma_separated(lines: Sequence[Mapping[str, Any]]) -> str:
    """Lines of equal keys as CSV with a head; nothing for none."""
    if not lines:
        return ""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({key: in_csv(value) for key, value in line.items()})
    return buffer.getvalue().rstrip("\n")


def in_csv(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula; numbers stay."""
    if not isinstance(value, str):
        return value
    text = plain(value)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text
