"""The searches and responders that are measured: each a small program of its own, told by a line to begin."""
