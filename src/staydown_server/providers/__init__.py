"""Who serves an address, and who can be asked to stop: facts, each with its time and source."""
