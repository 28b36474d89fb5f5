"""The centre server and the CLUB Panasonic site behind the gateway: accounts, links, telemetry, timeline."""
