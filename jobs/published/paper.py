"""Statements on paper: typeset as PDF, the same bytes for the same statement."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

from jobs.finance.amounts import in_words
from jobs.finance.periods import Period

if TYPE_CHECKING:
    from typst import PDFStandard

TEMPLATE = Path(__file__).with_name("statement.typ")
STANDARDS: Sequence["PDFStandard"] = ("a-2u", "ua-1")
"""For archives, and for people who have it read to them. Such a file has a glyph for every letter, or is none."""
FONTS = ("noto_sans", "noto_sans_arabic", "noto_sans_devanagari", "noto_sans_thai", "heebo")
NO_GLYPH = "could not be displayed"
WORDS = {
    "opening": "Opening balance",
    "accrued": "Earned",
    "adjusted": "Correction of an earlier month",
    "assigned": "Assigned after a month was final",
    "held": "Put on hold",
    "released": "Off hold",
    "paid": "Paid out",
    "withheld": "Withheld for tax",
    "returned": "Payment that came back",
    "converted": "Converted from or into another currency",
}
NOTES = (
    "Months and days are in UTC. What is on hold is earned and waits for a decision; it is no part of the balance.",
    "Between two settlements an unchanged share may move by a unit or two: what division leaves over goes to the "
    "largest remainders.",
)


@dataclass(frozen=True, slots=True)
class Press:
    """Typesets statements, one after another, with the fonts that come along and those of the machine behind them."""

    compiler: typst.Compiler = field(default_factory=lambda: _compiler())

    def statement(
        self, lines: Sequence[Mapping[str, Any]], payee: Mapping[str, Any], titles: Mapping[str, str]
    ) -> tuple[bytes, bool]:
        """The statement as PDF, and whether every letter in it could be shown.

        ``lines`` are those of ``statement_rows``; ``payee`` has ``name`` and ``country``, ``titles`` names shows.
        """
        told = {"told": json.dumps(_told(lines, payee, titles), ensure_ascii=False, sort_keys=True)}
        at = Period.read(lines[0]["settlement_period"]).end
        try:
            return self._set(told, at, STANDARDS), True
        except typst.TypstError as error:
            if NO_GLYPH not in error.message:
                raise
            return self._set(told, at, ()), False

    def _set(self, told: dict[str, str], at: dt.datetime, standards: Sequence["PDFStandard"]) -> bytes:
        pdf = self.compiler.compile(format="pdf", sys_inputs=told, timestamp=at, pdf_standards=list(standards))
        assert isinstance(pdf, bytes)
        return pdf


def _compiler() -> typst.Compiler:
    folders = [_folder(f"fontpkg_{name}") / "files" for name in FONTS]
    fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts)


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed"
    assert spec.origin is not None, package
    return Path(spec.origin).parent


def _told(lines: Sequence[Mapping[str, Any]], payee: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """What the template writes, all of it text."""
    first, *moved, last = lines
    currency, close = first["currency"], first["settlement_period"]

    def written(amount_minor: int) -> str:
        return in_words(amount_minor, currency).removesuffix(f" {currency}")

    totals: dict[str, int] = {}
    for line in (first, *moved):
        totals[line["line"]] = totals.get(line["line"], 0) + line["amount_minor"]
    return {
        "title": f"Statement {close} {first['payee_id']} {currency}",
        "from": "Podledger",
        "heading": f"Statement of the close of {close}",
        "head": [
            ["Payee", str(payee.get("name") or first["payee_id"])],
            ["Number", first["payee_id"]],
            ["Country", str(payee.get("country") or "")],
            ["Currency", currency],
        ],
        "currency": currency,
        "totals": [[word, written(totals[name])] for name, word in WORDS.items() if name in totals],
        "lines": [
            [
                _show(line["show_id"], titles),
                line["program"] or "",
                line["period"] or "",
                WORDS[line["line"]],
                written(line["amount_minor"]),
            ]
            for line in (first, *moved)
        ],
        "closing": written(last["amount_minor"]),
        "notes": list(NOTES),
    }


def _show(show_id: str | None, titles: Mapping[str, str]) -> str:
    title = titles.get(show_id or "")
    return f"{title} ({show_id})" if title else show_id or ""
