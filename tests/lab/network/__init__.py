"""The network of the lab, without a kernel."""
