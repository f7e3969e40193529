"""The staff console: pages for people over the same steps that the JSON API has."""
