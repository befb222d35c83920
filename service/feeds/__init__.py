"""Feeds: from plain values to the files that podcast apps fetch."""
