"""Who may do what: creators, listeners, their devices and tokens."""
