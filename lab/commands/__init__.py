"""The verbs of `aiseg lab`."""
