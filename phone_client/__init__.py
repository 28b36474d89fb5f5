"""The app: finds the gateway on the LAN and says why not, links it with a code, shows the timeline."""
