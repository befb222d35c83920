"""Migrations: one file a change, one branch a folder of the service that has tables of its own."""
