"""A real Tryton for tests: an environment of its own, a small company restored from a dump, a server at work."""
