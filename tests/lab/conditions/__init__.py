"""The conditions of the lab."""
