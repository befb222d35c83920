"""The commands. Each is a module with ``ABOUT``, ``configure(parser)`` and ``run(arguments) -> exit code``."""
