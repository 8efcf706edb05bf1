#!/bin/sh
# Runs once, in an empty database: the role that serves. The owner is POSTGRES_USER; `upgrade` grants.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$SERVING_PASSWORD" <<'SQL'
CREATE ROLE polku LOGIN PASSWORD :'password';
SQL
