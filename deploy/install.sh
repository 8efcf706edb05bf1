#!/bin/sh
# Polku on Debian 12 or newer, with https: PostgreSQL, Valkey (or Redis), Caddy, a unit of systemd. Run it as root in
# /opt/polku:  deploy/install.sh crm.example.com [--internal]
# What is there already stays: it can be run again. --internal: a certificate that Caddy signs by itself.
set -eu

host=${1:?the name people open, such as crm.example.com}
tls=
[ "${2:-}" = --internal ] && tls="tls internal"
settings=/etc/polku.env
cd "$(dirname "$(readlink -f "$0")")/.."
[ "$(id -u)" = 0 ] || { echo "Run it as root: sudo deploy/install.sh $host" >&2; exit 1; }
[ "$PWD" = /opt/polku ] || { echo "Polku must stand in /opt/polku; here it stands in $PWD." >&2; exit 1; }

say() { printf '\n== %s\n' "$*"; }
random() { python3 -c "import secrets; print(secrets.token_urlsafe($1))"; }
as_postgres() { (cd / && runuser -u postgres -- psql --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 "$@"); }

say "packages of Debian"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
queue=valkey
apt-cache show valkey >/dev/null 2>&1 || queue=redis
apt-get install -q -y ca-certificates python3-venv make git postgresql $queue caddy

say "the user polku, and what Python and the browser need"
id polku >/dev/null 2>&1 || useradd --system --home-dir /var/lib/polku --shell /usr/sbin/nologin polku
make install
ln -sf /opt/polku/deploy/polku /usr/local/bin/polku

if [ ! -e $settings ]; then
    say "two roles and a database, and $settings"
    owner=$(random 24) serving=$(random 24)
    as_postgres <<SQL
SELECT 'CREATE ROLE ' || name FROM unnest(ARRAY['polku_owner', 'polku']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
ALTER ROLE polku_owner LOGIN PASSWORD '$owner';
ALTER ROLE polku LOGIN PASSWORD '$serving';
SELECT 'CREATE DATABASE polku OWNER polku_owner TEMPLATE template0 ENCODING ''UTF8'''
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'polku') \\gexec
SQL
    port=$(as_postgres --command "SHOW port")
    (
        umask 077
        cat >$settings.making <<SETTINGS
SECRET_KEY='$(random 50)'
SITE_URL='https://$host'
DATABASE_URL='postgres://polku:$serving@127.0.0.1:$port/polku'
DATABASE_OWNER_URL='postgres://polku_owner:$owner@127.0.0.1:$port/polku'
REDIS_URL='redis://127.0.0.1:6379/0'
TRUSTED_PROXIES='127.0.0.1'
# Mail: see docs/install.md
#EMAIL_URL='smtp+tls://user:password@mail.example.com:587'
#DEFAULT_FROM_EMAIL='Polku <polku@example.com>'
SETTINGS
    )
    mv $settings.making $settings
fi

say "the unit of systemd"
cp deploy/polku.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable --quiet polku
systemctl restart polku

say "https by Caddy"
buffers="request_buffers 1MiB"
case $(caddy version) in 2.[0-6].* | v2.[0-6].*) buffers= ;; esac
site=/etc/caddy/polku.caddy
cat >$site <<CADDY
$host {
	$tls
	encode zstd gzip
	reverse_proxy 127.0.0.1:8000 {
		$buffers
	}
}
CADDY
if grep -q "^# The Caddyfile is an easy way" /etc/caddy/Caddyfile || [ ! -s /etc/caddy/Caddyfile ]; then
    printf '{\n\tservers {\n\t\ttimeouts {\n\t\t\tread_header 15s\n\t\t\tread_body 10m\n\t\t}\n\t}\n}\n' >/etc/caddy/Caddyfile
fi
grep -qx "import polku.caddy" /etc/caddy/Caddyfile || echo "import polku.caddy" >>/etc/caddy/Caddyfile
caddy validate --config /etc/caddy/Caddyfile >/dev/null 2>&1 || caddy validate --config /etc/caddy/Caddyfile
systemctl reload-or-restart caddy

say "waiting for Polku"
serves() { python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=3)" 2>/dev/null; }
tries=0
until serves; do
    tries=$((tries + 1))
    [ $tries -lt 90 ] || { journalctl -u polku -n 20 --no-pager; exit 1; }
    sleep 2
done
say "Polku runs: https://$host    The first admin: polku createsuperuser"
