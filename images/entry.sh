#!/bin/sh
# What a container of a service does: `serve`; `migrate`, and with `migrate 1` the demo shop's rows too; any other command.
set -eu
case ${1:-serve} in
serve)
    exec python -m "$SERVICE"
    ;;
migrate)
    python -m servicekit.db.migrate "$SERVICE"
    # The orchestrator has no rows of the demo.
    if [ "${2:-0}" = 1 ] && [ "$SERVICE" != orchestrator ]; then
        exec python -m "$SERVICE.seed"
    fi
    ;;
*)
    exec "$@"
    ;;
esac
