"""The one command: composes emulator, cloud and phone, and plays the demo."""
