"""Uploads: received in pieces, checked for what they are, and refused with the reason."""
