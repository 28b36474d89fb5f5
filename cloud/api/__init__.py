"""The cloud's HTTP API: translates requests into verbs of the registry, and problems into documents."""
