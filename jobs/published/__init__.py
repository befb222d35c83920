"""Reading one publication's tables, without Spark."""
