"""What `make bench` measures; each module runs by itself as well."""
