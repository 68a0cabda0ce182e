"""The contact sheet of a prepared folder: what a person looks at before training for hours."""

from splits.prepare.sheet.page import write_sheet

__all__ = ["write_sheet"]
