#!/bin/sh
# Fill in the placeholders of the door's files, as `onebox.front_door` does on one machine, and become nginx.
set -eu

state=$AIGUY_GATEWAY_STATE
export AIGUY_GATEWAY_WAF="$state/modsecurity" AIGUY_GATEWAY_INSIDE="127.0.0.2:${AIGUY_GATEWAY_LISTEN##*:}"
export AIGUY_GATEWAY_RATE="${AIGUY_GATEWAY_RATE:-20r/s}" AIGUY_GATEWAY_BURST="${AIGUY_GATEWAY_BURST:-40}"
export AIGUY_GATEWAY_CONNECTIONS="${AIGUY_GATEWAY_CONNECTIONS:-50}" AIGUY_GATEWAY_MESSAGES="${AIGUY_GATEWAY_MESSAGES:-1000r/s}"
export AIGUY_GATEWAY_SLOW="${AIGUY_GATEWAY_SLOW:-10s}" AIGUY_GATEWAY_PATIENCE="${AIGUY_GATEWAY_PATIENCE:-60s}"
export AIGUY_GATEWAY_TRUSTED="${AIGUY_GATEWAY_TRUSTED:-}" AIGUY_GATEWAY_SITES="${AIGUY_GATEWAY_SITES:-}"
export AIGUY_GATEWAY_ORIGINS="${AIGUY_GATEWAY_ORIGINS:-}" AIGUY_GATEWAY_DOOR="${AIGUY_GATEWAY_DOOR:-plain}"
# Who counts beside this container: `access_log syslog:server=127.0.0.1:5140,nohostname numbers;`
export AIGUY_GATEWAY_NUMBERS="${AIGUY_GATEWAY_NUMBERS:-}" AIGUY_GATEWAY_TOLD="127.0.0.3:${AIGUY_GATEWAY_LISTEN##*:}"
export AIGUY_GATEWAY_CERTIFICATE="${AIGUY_GATEWAY_CERTIFICATE:-}"
export AIGUY_GATEWAY_CERTIFICATE_KEY="${AIGUY_GATEWAY_CERTIFICATE_KEY:-}"

# Only our names: nginx's own variables look the same to envsubst.
names=$(env | sed -n 's/^\(AIGUY_GATEWAY_[A-Z_]*\)=.*/${\1}/p' | tr '\n' ' ')
mkdir -p "$state/nginx" "$state/modsecurity"
chmod 700 "$state"
cd "$AIGUY_GATEWAY_FILES"
for file in nginx/*.conf modsecurity/*.conf; do
    envsubst "$names" <"$file" >"$state/$file"
done
if missing=$(grep -rhoE '\$\{AIGUY_[A-Z_]+\}' "$state/nginx" "$state/modsecurity"); then
    echo "The front door was not told: $(echo "$missing" | sort -u | tr '\n' ' ')" >&2
    exit 78
fi

# What it would write to files is what a container says.
ln -sf /dev/stdout "$state/access.log"
ln -sf /dev/stderr "$state/error.log"
exec nginx -p "$state" -e stderr -c "$state/nginx/nginx.conf" "$@"
