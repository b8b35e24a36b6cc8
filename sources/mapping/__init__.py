"""What a company.yml says of a source: contracts, options, expressions."""
