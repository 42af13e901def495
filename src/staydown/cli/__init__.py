"""The `staydown` command."""
