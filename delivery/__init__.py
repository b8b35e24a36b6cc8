"""5 TELL: scores become one list an account manager, an outbox row, a mail."""
