"""What crosses a wire between gateway, cloud and phone, and nothing else: models and pure functions.

Only the standard library and pydantic may be imported here; the words are those of `protocol/README.md`.
"""
