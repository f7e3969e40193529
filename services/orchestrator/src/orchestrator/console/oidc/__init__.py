"""Signing in at the organisation's own provider, and out: OpenID Connect, authorisation code with PKCE."""
