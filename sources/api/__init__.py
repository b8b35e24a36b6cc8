"""Sources that are asked over HTTP, page by page."""
