"""The edge: nginx, configured, started and stopped by the service."""
