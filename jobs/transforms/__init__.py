"""DataFrame in, DataFrame out: the rules of counting as Spark expressions, without a session or a path."""
