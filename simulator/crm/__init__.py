"""The CRM's database: people, what was done with them, deals, service, programmes; and the truth behind them."""
