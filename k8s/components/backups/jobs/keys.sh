#!/bin/sh
# All master and signing keys in one archive that only the recipient can open.
set -eu
umask 077
backups=${BACKUPS:-/backups} secrets=${SECRETS:-/run/secrets/aiguy} recipient=${RECIPIENT:-/recipient/recipient.pem}
target="$backups/keys-$(date -u +%Y%m%dT%H%M%SZ).tar.cms"
trap 'rm -f "$target.part" "${TMPDIR:-/tmp}/keys.tar"' EXIT
# Mounted secrets are links; what begins with two dots is how Kubernetes swaps them.
tar -C "$secrets" --dereference --exclude='..*' -cf "${TMPDIR:-/tmp}/keys.tar" .
openssl cms -encrypt -binary -aes-256-cbc -outform DER -in "${TMPDIR:-/tmp}/keys.tar" -out "$target.part" "$recipient"
rm -f "${TMPDIR:-/tmp}/keys.tar"
mv "$target.part" "$target"
find "$backups" -name 'keys-*.tar.cms' -mtime +30 -delete
echo "$target"
