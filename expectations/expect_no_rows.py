"""An expectation in SQL that counts the rows against it and takes none of them along."""

from typing import Any, ClassVar

from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

METRIC = "podledger.rows_against"
COUNTED: dict[str, int | str] = {}
"""For each query of the suites that are being run, the rows it found, or why it broke."""


class RowsAgainst(QueryMetricProvider):
    """How many rows the query finds, as the gate has counted them for all queries at once."""

    metric_name = METRIC
    value_keys = ("unexpected_rows_query",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(  # the library calls it so
        cls,  # noqa: N805  # the library makes it a class method
        execution_engine: Any,
        metric_domain_kwargs: Any,
        metric_value_kwargs: dict[str, Any],
        metrics: Any,
        runtime_configuration: Any,
    ) -> int:
        del execution_engine, metric_domain_kwargs, metrics, runtime_configuration
        found = COUNTED[metric_value_kwargs["unexpected_rows_query"]]
        if isinstance(found, str):
            raise RuntimeError(found)
        return found


class ExpectNoRows(UnexpectedRowsExpectation):
    """The query finds no row.

    Only the number of rows is asked for: no row, and so no value of a person, gets into a result. Which rows they
    are, the gate asks for when a check has failed.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (METRIC,)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        rows = metrics[METRIC]
        return {"success": rows == 0, "result": {"observed_value": rows}}
