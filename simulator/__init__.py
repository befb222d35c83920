"""A small platform with known truth: people, phones, episodes, and all that goes wrong.

It writes the landing folder a platform would have, and beside it what really happened.
It shares no code with the counting, so that the one can be checked against the other.
"""
