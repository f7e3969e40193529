#!/bin/sh
# One dump of a service's database; those older than 30 days go. A dump that did not end well is not kept.
set -eu
umask 077
backups=${BACKUPS:-/backups} secrets=${SECRETS:-/run/secrets/aiguy}
target="$backups/$1-$(date -u +%Y%m%dT%H%M%SZ).dump"
trap 'rm -f "$target.part"' EXIT
pg_dump --format=custom --no-owner --file="$target.part" --dbname="$(cat "$secrets/database-url")"
pg_restore --list "$target.part" >/dev/null
mv "$target.part" "$target"
find "$backups" -name "$1-*.dump" -mtime +30 -delete
echo "$target"
