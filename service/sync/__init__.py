"""``POST /v1/sync``: device logs, as the contract's section 3 says."""
