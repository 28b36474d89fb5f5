"""The firmware: what the cloud offers, what is accepted, two image slots, and an update from start to restart."""
