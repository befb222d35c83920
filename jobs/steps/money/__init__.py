"""From what finance keeps to what payees are paid."""
