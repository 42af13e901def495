"""Escalation files at the desk: the list, a file at a glance, its letters and its timeline."""
