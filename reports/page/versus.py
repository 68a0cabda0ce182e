"""The section of the page that says what may be claimed: every row against the best one."""

from __future__ import annotations

from typing import Any

from harness.contracts import Results
from reports import layout
from reports.comparison import comparison
from reports.page import differences
from reports.page.standing import Standing


def versus(results: Results, stand: Standing) -> dict[str, Any] | None:
    """All rows but oracles against the reference row; None where there is only one row."""
    if stand.reference is None:
        return None
    names = [
        name
        for name in layout.column_names(results)
        if results.columns[name]["direction"] != "none"
        and any(c.get(name) and c[name].delta is not None for c in stand.changes.values())
    ]
    found = {
        index: [
            differences.of_change(name, results.columns[name]["direction"], changes.get(name))
            for name in names
        ]
        for index, changes in stand.changes.items()
    }
    axes = [differences.axis(line[i] for line in found.values()) for i in range(len(names))]
    lines = []
    for index, line in found.items():
        row = results.rows[index]
        lines.append(
            {
                "label": row.method,
                "about": f"driven by {row.drive}" if row.drive else row.role,
                "cells": [
                    differences.cell(one, scale) for one, scale in zip(line, axes, strict=True)
                ],
                "tally": differences.tally(line),
            }
        )
    return {
        "reference": layout.row_label(results.rows[stand.reference]),
        "scope": stand.scope,
        "problem": stand.problem,
        "heads": [head(results, name) for name in names],
        "rows": lines,
        "numbers": numbers(results, stand, names),
    }


def numbers(results: Results, stand: Standing, names: list[str]) -> list[list[str]]:
    """Everything that a careful reader asks of a difference, as a line of texts."""
    lines = []
    for index, changes in stand.changes.items():
        for name in names:
            change = changes.get(name)
            if change is None or change.delta is None:
                continue
            one = change.difference
            shown = differences.cell(differences.of_change(name, change.direction, change), None)
            raw = one.p if one else None
            lines.append(
                [
                    layout.row_label(results.rows[index]),
                    layout.head(results, name),
                    shown["text"],
                    shown["interval"],
                    comparison.p_text(raw),
                    comparison.p_text(change.p),
                    "" if one is None else str(one.n),
                    "" if one is None else str(one.failed),
                    change.reason or change.verdict,
                ]
            )
    return lines


def head(results: Results, name: str) -> dict[str, str]:
    """A column's head in two lines, and what it means."""
    family, _, variant = name.partition("/")
    facts = results.columns[name]
    return {
        "family": family,
        "variant": variant,
        "arrow": layout.ARROWS[facts["direction"]],
        "about": facts["summary"],
    }
