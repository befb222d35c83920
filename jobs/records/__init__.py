"""The record rules as plain Python, on the standard library alone: what the jobs, the service and the client agree on."""
