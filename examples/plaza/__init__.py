"""Plaza: a small photo board, and the worked example of a host of Staydown.

Start reading at staydown_host.py: it is everything a platform has to add.
"""
