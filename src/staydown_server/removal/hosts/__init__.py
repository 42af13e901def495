"""Connectors: how each kind of host takes an item down and puts it back."""
