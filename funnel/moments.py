"""Moments are integers: microseconds since 1970-01-01T00:00Z."""

DAY = 86_400_000_000
NEVER = 253_402_300_800_000_000  # the first microsecond after the year 9999
LONG_AGO = -(1 << 62)  # before all moments
