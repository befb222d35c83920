"""Money as plain Python: amounts, months, programs, and the files that finance keeps. No engine, no table, no clock."""
