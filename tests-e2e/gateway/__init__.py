"""The front door, with a real nginx, ModSecurity and Core Rule Set."""
