"""The API of Hasher-Matcher-Actioner, on our engine: consoles that speak it work with Staydown.

Shapes and names are theirs (docs/hma.md says where we differ, and why). What is asked is asked of
the gate; what is changed goes by the rules of banks/. Every call needs a host's key.
"""
