"""The benchmarks of `make bench`; each module also runs on its own."""
