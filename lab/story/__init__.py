"""Scenarios that read like stories: what is given, what people do, what goes wrong, what they then see."""
