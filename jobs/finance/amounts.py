"""Whole minor units, and the few sums of one document. No float ever touches money."""

import re
from dataclasses import dataclass

WHOLE_BPS = 10_000
"""Basis points in a whole."""
MOST_MINOR = 10**13
"""What a period of a program may have to divide at most, either way, in minor units.

Up to here, and with the bounds below, every product of settling stays within 127 bits
(docs/decisions/0041-dividing-in-sql.md).
"""
MOST_FEE_MINOR = 10**8
"""The greatest fee that one listener pays a period, in minor units."""

ISO_4217: dict[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
        "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
        "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
        "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
        "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG "
        "YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Codes by their exponent, from ISO 4217, list one, without metals, funds of account and codes for testing."""

EXPONENTS: dict[str, int] = {code: places for places, codes in ISO_4217.items() for code in codes.split()}
"""Currency codes, and how many decimal places a major unit has in minor ones."""


def is_iban(text: str) -> bool:
    """Whether it is an IBAN without blanks whose check digits are right (ISO 13616, ISO 7064 mod 97-10)."""
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", text):
        return False
    digits = "".join(str(int(letter, 36)) for letter in text[4:] + text[:4])
    return int(digits) % 97 == 1


def in_words(amount_minor: int, currency: str) -> str:
    """The amount as people write it, in major units: ``12345, "EUR"`` is ``123.45 EUR``."""
    places = EXPONENTS[currency]
    sign, digits = "-" if amount_minor < 0 else "", str(abs(amount_minor)).rjust(places + 1, "0")
    major, minor = (digits[:-places], f".{digits[-places:]}") if places else (digits, "")
    return f"{sign}{major}{minor} {currency}"


def part_of(amount_minor: int, bps: int) -> int:
    """So many basis points of an amount, rounded towards zero: ``sign(a) * floor(|a| * bps / 10000)``."""
    part = abs(amount_minor) * bps // WHOLE_BPS
    return -part if amount_minor < 0 else part


@dataclass(frozen=True, slots=True)
class Money:
    """What documents of a program and period bring in, in minor units of one currency; documents add up.

    ``net = gross - fee``; the holdback is what is kept back of the net until the period is final.
    """

    gross: int = 0
    fee: int = 0
    holdback: int = 0

    @property
    def net(self) -> int:
        """What is left after the fee."""
        return self.gross - self.fee

    def __add__(self, other: "Money") -> "Money":
        """Both documents together."""
        return Money(self.gross + other.gross, self.fee + other.fee, self.holdback + other.holdback)


def document(gross: int, fee_bps: int, holdback_bps: int) -> Money:
    """What one document brings in: its fee, and of what remains its holdback, each rounded towards zero."""
    fee = part_of(gross, fee_bps)
    return Money(gross, fee, part_of(gross - fee, holdback_bps))
