"""A CSV file as finance keeps it, read to the letter: what a spreadsheet may have done to it is a fault, never mended.

RFC 4180 with a header, in UTF-8 without a byte order mark. Columns are known by name, in any order.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BOMS = {b"\xef\xbb\xbf": "UTF-8 with a byte order mark", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
LIMIT_CHARACTERS = 1_000
"""The longest value that a cell may hold."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong with a line of a file; line 0 is the file as a whole, line 1 the header."""

    file: str
    line: int
    fault: str

    def __str__(self) -> str:
        """Where it is, then what it is."""
        return f"{self.file}:{self.line}: {self.fault}" if self.line else f"{self.file}: {self.fault}"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet: the line it begins on, from 1, and its cells by column."""

    number: int
    cells: dict[str, str]


def read_sheet(file: str, content: bytes, columns: Sequence[str], faults: list[Fault]) -> list[Line]:
    """The rows of the file; what is wrong with its form is added to ``faults``, and lines with a fault are left out."""
    text = _text(file, content, faults)
    if text is None:
        return []
    rows = _rows(file, text, faults)
    _, header = next(rows, (1, []))
    if not _is_header(file, header, columns, faults):
        return []
    lines = []
    for number, cells in rows:
        found = _faults_of_row(cells, header)
        faults += (Fault(file, number, fault) for fault in found)
        if not found:
            lines.append(Line(number, dict(zip(header, cells, strict=True))))
    return lines


def _text(file: str, content: bytes, faults: list[Fault]) -> str | None:
    """The file's text; None where it has no such."""
    for mark, encoding in BOMS.items():
        if content.startswith(mark):
            faults.append(Fault(file, 1, f"the file is {encoding}; save it as plain UTF-8"))
            return None
    wrong = [
        Fault(file, number, "not UTF-8; save the file as plain UTF-8")
        for number, line in enumerate(content.split(b"\n"), 1)
        if not _is_utf8(line)
    ]
    faults += wrong
    return None if wrong else content.decode("utf-8")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in line


def _rows(file: str, text: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(Fault(file, number, f"no CSV from here on ({error}); quotes stand in pairs around a value"))
            return
        yield number, cells


def _is_header(file: str, header: list[str], columns: Sequence[str], faults: list[Fault]) -> bool:
    found = []
    if len(header) == 1:
        found += [
            f"columns are separated by {name}; export with commas"
            for separator, name in SEPARATORS.items()
            if separator in header[0]
        ]
    if not found:
        found += [f"column {name!r} is there twice" for name in sorted({n for n in header if header.count(n) > 1})]
        found += [f"unknown column {name!r}" for name in header if name not in columns]
        found += [f"column {name!r} is missing" for name in columns if name not in header]
    faults += (Fault(file, 1, fault) for fault in found)
    return not found


def _faults_of_row(cells: list[str], header: list[str]) -> list[str]:
    if not any(cell.strip() for cell in cells):
        return ["a row without values; delete it"]
    if len(cells) != len(header):
        return [f"{len(cells)} values for {len(header)} columns; a value with a comma in it stands in quotes"]
    found = []
    for name, cell in zip(header, cells, strict=True):
        if cell != cell.strip():
            found.append(f"{name}: {cell!r} begins or ends with a blank")
        elif any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in cell):
            found.append(f"{name}: {cell!r} holds a line break or another control character")
        elif cell.startswith("#") and cell.endswith(("!", "?", "/A")):
            found.append(f"{name}: {cell!r} is an error of the spreadsheet, not a value")
        elif len(cell) > LIMIT_CHARACTERS:
            found.append(f"{name}: {len(cell)} characters, more than {LIMIT_CHARACTERS}")
    return found
