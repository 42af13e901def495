"""What the hosts show: registered, located, searched."""
