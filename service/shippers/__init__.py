"""Shippers: access logs of the edge, whoever wrote them, into the one form that lands."""
