"""Ways to split the log over disks, tried side by side: `python -m benchmarks.partitions --help`."""
