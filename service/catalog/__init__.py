"""The catalogue: shows, their episodes, when they appear, and the publisher of record."""
