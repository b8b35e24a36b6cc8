"""Which records of several systems are one customer: rules first, then probability, and people above both."""
