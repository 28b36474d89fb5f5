"""The app's pages: the phone in a browser. Every form works without JavaScript."""
