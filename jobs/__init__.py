"""Podledger's jobs: from landed sync logs to published tables."""
