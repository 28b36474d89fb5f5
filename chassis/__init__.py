"""What every program is mounted on: how it tells time, reads its settings, speaks HTTP and ends.

Nothing here knows what a gateway, a cloud or a phone is.
"""
