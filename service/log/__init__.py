"""The durable log: what was answered 200 is in a segment on the local disk, and soon in the landing folder."""
