"""The floor all rooms stand on: settings, the database, the night's ledger, publication, the command line."""
