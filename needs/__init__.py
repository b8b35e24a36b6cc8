"""What customers talk about: the themes of texts in English and Chinese, and the products they name."""
