#!/bin/sh
# Once, on an empty server: a role and a database of its own for each service, its password from the mounted secret.
set -eu
for service in orchestrator orders billing tickets retrieval; do
  password=$(cat "/run/secrets/aiguy/$service")
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" -v role="$service" -v password="$password" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role";
REVOKE CONNECT ON DATABASE :"role" FROM PUBLIC;
SQL
done
