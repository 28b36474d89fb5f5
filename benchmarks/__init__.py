"""Measurements of this project beside the field's, each a module to run: `python -m benchmarks.discovery`."""
