"""The one library under all services: app, auth, errors, database, HTTP, telemetry."""
