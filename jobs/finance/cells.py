"""What a cell of a finance file may hold, and what is said of one that holds something else."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from jobs.finance.amounts import EXPONENTS, WHOLE_BPS, is_iban
from jobs.finance.periods import Period
from jobs.finance.programs import ID

WHOLE = re.compile(r"0|-?[1-9][0-9]*")
MOST_DIGITS = 18
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
Reader = Callable[[str], Any]
"""Gives the value of a cell's text.

Raises:
    ValueError: the text is no such value; the message says what is wrong, for those who wrote it.
"""


def whole(least: int | None = None, most: int | None = None) -> Reader:
    """A whole number within these bounds, both included, written in plain digits."""

    def read(text: str) -> int:
        if not WHOLE.fullmatch(text):
            raise ValueError(_why_not_whole(text))
        if len(text.lstrip("-")) > MOST_DIGITS:
            raise ValueError(f"{text} has more than {MOST_DIGITS} digits")
        number = int(text)
        if (least is not None and number < least) or (most is not None and number > most):
            bounds = f"at least {least}" if most is None else f"at most {most}" if least is None else f"{least}..{most}"
            raise ValueError(f"{text} is not {bounds}")
        return number

    return read


def _why_not_whole(text: str) -> str:
    if not text:
        return "is empty; a whole number belongs here"
    if re.fullmatch(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+", text):
        return f"{text!r} is scientific notation; write all digits"
    if re.fullmatch(r"-?\d{1,3}([., '\u00a0\u202f]\d{3})+", text):
        return f"{text!r} has thousands set apart, or decimals; write whole minor units in digits alone"
    if re.fullmatch(r"-?\d*[.,]\d*", text):
        return f"{text!r} has decimals; amounts are whole minor units (cents)"
    if re.fullmatch(r"[+-]?\d+", text):
        return f"{text!r} is written with a plus sign or leading zeros"
    return f"{text!r} is no whole number"


def _id(text: str) -> str:
    if not ID.fullmatch(text):
        raise ValueError(f"{text!r} is no name: a letter, then letters, digits and . _ : -")
    return text


def _text(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return text


def _free(text: str) -> str:
    return text


def _day(text: str) -> dt.date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise ValueError(f"{text!r} is no date like 2026-10-05; the spreadsheet may have rewritten it")
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no day of the calendar") from error


def _instant(text: str) -> dt.datetime:
    if not INSTANT.fullmatch(text):
        raise ValueError(f"{text!r} is no instant like 2026-10-05T12:00:00Z")
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _period(text: str) -> str:
    return str(Period.read(text))


def _currency(text: str) -> str:
    if text not in EXPONENTS:
        raise ValueError(f"unknown currency {text!r}; write a code of ISO 4217, like EUR")
    return text


def _country(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise ValueError(f"{text!r} is no country; write a code of ISO 3166-1, like DE")
    return text


def _iban(text: str) -> str:
    if not is_iban(text):
        raise ValueError("is no IBAN: letters and digits without blanks, with the right check digits")
    return text


def _bic(text: str) -> str:
    if not BIC.fullmatch(text):
        raise ValueError(f"{text!r} is no BIC of 8 or 11 characters")
    return text


def _listen(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        lost = "; leading zeros may have been lost" if re.fullmatch(r"[0-9a-f]{1,31}", text) else ""
        raise ValueError(f"{text!r} is no listen: 32 lower-case hex digits{lost}")
    return text


def one_of(*values: str) -> Reader:
    """One of these words."""

    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"{text!r} is none of {', '.join(repr(value) for value in values)}")
        return text

    return read


def maybe(reader: Reader) -> Reader:
    """The same, or None for an empty cell."""
    return lambda text: reader(text) if text else None


ID_CELL: Reader = _id
TEXT: Reader = _text
FREE: Reader = _free
DAY: Reader = _day
INSTANT_CELL: Reader = _instant
PERIOD: Reader = _period
CURRENCY: Reader = _currency
COUNTRY: Reader = _country
IBAN: Reader = _iban
BIC_CELL: Reader = _bic
LISTEN: Reader = _listen
BPS: Reader = whole(0, WHOLE_BPS)
