"""Pages for creators: rendered here, without a build step, usable by keyboard, phone and screen reader."""
