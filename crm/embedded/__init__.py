"""A private PostgreSQL and Valkey, from the wheels that carry them: no system server is needed to begin.

Nothing here imports Django: the servers must run before the settings can be read.
"""
