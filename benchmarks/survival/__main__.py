"""`python -m benchmarks.survival`."""

from benchmarks.survival.measure import main

main()
