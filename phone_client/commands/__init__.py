"""The verbs of `aiseg phone`, by the manual's chapters, and the way that leads a person through them."""
