"""What the session gives to those that work for it."""

import os

import pytest
from pyspark.sql import SparkSession


@pytest.mark.spark
@pytest.mark.usefixtures("published_lake")
def test_workers_keep_the_memory_that_arrow_was_given() -> None:
    session = SparkSession.getActiveSession()
    assert session is not None
    told = session.sparkContext.parallelize([0], 1).map(lambda _: os.environ.get("MIMALLOC_PURGE_DELAY")).collect()
    assert told == ["-1"], "run `make setup`"
