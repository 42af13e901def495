"""The archive scan: what a host showed before it was plugged in is registered too."""
