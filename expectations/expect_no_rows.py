"""An expectation in SQL that counts the rows against it and takes none of them along."""

from typing import Any, ClassVar

from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation


class ExpectNoRows(UnexpectedRowsExpectation):
    """The query finds no row.

    It is asked once, for the number of rows: no row, and so no value of a person, gets into a result, and a
    suite takes half as long. Which rows they are, the gate asks for when a check has failed.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        rows = metrics["unexpected_rows_query.row_count"]
        return {"success": rows == 0, "result": {"observed_value": rows}}
