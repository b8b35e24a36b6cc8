"""A person is erased everywhere, and stays away."""
