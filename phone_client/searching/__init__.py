"""The search for a gateway, and why it failed."""
