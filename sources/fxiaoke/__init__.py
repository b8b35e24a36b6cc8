"""纷享销客 (FXiaoke), read by its Open API v2."""
