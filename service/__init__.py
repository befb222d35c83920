"""The service: catalogue, uploads, feeds, media and sync, behind one process and an nginx."""
