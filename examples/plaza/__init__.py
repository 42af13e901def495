"""Plaza: a small photo board, and the worked example of a host of Staydown.

Start reading at staydown_host.py: the orders that a platform obeys.
"""
