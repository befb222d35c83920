"""What one can type: each module is a command of `podledger`, found by the entry points."""
