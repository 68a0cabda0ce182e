"""The two steps before and around every library that parses a file somebody gave us."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.contracts import BadInput, HarnessError
from harness.files import limits

AGAIN = "Copy or download it again."

#: Characters of a library's message that are shown.
_SHOWN = 160


def checked_file(path: Path, kind: str | None = None, cure: str = AGAIN) -> Path:
    """A path that is a regular file with content, before anything opens it.

    A named pipe would block for ever and a device has no end, so neither is opened.

    Args:
        path: the file.
        kind: of `limits.LIMITS`, by which its size is limited; None for no limit.
        cure: what to do about an absent or empty file.

    Raises:
        BadInput: no such file, a folder, a pipe, device or socket, an empty or too large file.

    """
    path = Path(path)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(path, "no such file", _absent(cure)) from error
    except (OSError, ValueError) as error:  # a name too long, or one with a NUL
        raise BadInput(path, f"cannot be looked up ({reason(error)})", "Check the path.") from error
    if stat.S_ISDIR(found.st_mode):
        raise BadInput(path, "it is a folder, not a file", "Name the file in it.")
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(path, "it is a pipe or device, not a file", "Copy it to a file first.")
    if found.st_size == 0:
        raise BadInput(path, "the file is empty (0 bytes)", cure)
    if kind is not None:
        limits.check(path, kind, found.st_size, "it has")
    return path


@contextmanager
def reading(path: Path, kind: str, cure: str = AGAIN) -> Iterator[None]:
    """Turn whatever a library raises about a file into one sentence.

    Only the library's call belongs into the block: a mistake of ours in it would be taken for
    a damaged file.

    Args:
        path: the file.
        kind: what it should be, such as "JSON file" or "image".
        cure: what to do about it.

    Raises:
        BadInput: the block raised anything that is not already such a sentence.

    """
    try:
        yield
    except HarnessError:
        raise
    except FileNotFoundError as error:
        raise BadInput(path, "no such file", _absent(cure)) from error
    except MemoryError as error:
        raise BadInput(path, f"this {kind} needs more memory than there is", cure) from error
    except Exception as error:
        raise BadInput(path, f"not a readable {kind} ({reason(error)})", cure) from error


def _absent(cure: str) -> str:
    return "Check the path." if cure == AGAIN else cure


def reason(error: BaseException) -> str:
    """What a library says, as one short line; the type where it says nothing.

    Only its first sentence: numpy's next one advises unpickling the file.
    """
    said = " ".join(str(getattr(error, "strerror", None) or error).split())
    said = said.partition(". ")[0].rstrip(".")
    if isinstance(error, KeyError):
        said = f"no entry {said}"
    if isinstance(error, RecursionError):
        said = "nested too deeply"
    said = said if len(said) <= _SHOWN else said[:_SHOWN] + "..."
    return said or type(error).__name__


def read_text(path: Path, kind: str, cure: str = AGAIN) -> str:
    """A UTF-8 text file of limited size, with or without a byte order mark.

    Raises:
        BadInput: as `checked_file`, or it is not UTF-8.

    """
    checked_file(path, "text", cure)
    with reading(path, f"{kind} in UTF-8", cure):
        return path.read_text("utf-8-sig")
