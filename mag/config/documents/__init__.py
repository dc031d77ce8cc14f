"""Documents: YAML text to plain data, its defaults list apart, and back to text."""
