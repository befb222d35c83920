"""Remote audio data (RAD): what players report of tagged files."""
