"""The reference client: a device that keeps a log, downloads, plays in simulated time, and syncs when it can.

It knows the contract and HTTP, and nothing of the service's inside.
"""
