"""The centre server: accounts, gateways, link codes, telemetry and its timeline, behind HTTP and MQTT."""
