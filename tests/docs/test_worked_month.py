"""Every formula on the page for creators comes to what it says there."""

import ast
import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction

import pytest

from jobs.settings import HOUSE

PAGE = HOUSE / "docs" / "payouts-for-creators.md"
FORMULA = re.compile(r"`([^`=]+) = (\d+)`")
OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip


def worked_out(node: ast.expr) -> Fraction:
    """The value of a formula of whole numbers, + - * / and floor, exactly."""
    match node:
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case ast.BinOp(left, op, right):
            return OPERATORS[type(op)](worked_out(left), worked_out(right))
        case ast.Call(func=ast.Name(id="floor"), args=[inner]):
            return Fraction(math.floor(worked_out(inner)))
    raise AssertionError(f"no formula: {ast.unparse(node)}")


def formulas() -> list[tuple[str, int]]:
    return [(formula, int(result)) for formula, result in FORMULA.findall(PAGE.read_text(encoding="utf-8"))]


def test_there_are_formulas() -> None:
    assert len(formulas()) > 25


@pytest.mark.parametrize(("formula", "result"), formulas())
def test_a_formula_comes_to_what_it_says(formula: str, result: int) -> None:
    assert worked_out(ast.parse(formula, mode="eval").body) == result
