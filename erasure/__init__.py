"""Erasing one person: everywhere the house keeps anything of them."""
