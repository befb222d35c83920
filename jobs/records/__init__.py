"""The record rules as plain Python, standard library alone: what the jobs, the service and the client agree on."""
