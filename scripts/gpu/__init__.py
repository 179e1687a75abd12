"""What scripts/measure_gpu.py measures, a file for each part."""
