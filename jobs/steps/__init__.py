"""The steps, each a function that is told its work: read, transform, write."""
