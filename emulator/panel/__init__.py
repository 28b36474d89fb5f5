"""The panel: the AiSEG's screens for people, in a browser. Every form works without JavaScript."""
