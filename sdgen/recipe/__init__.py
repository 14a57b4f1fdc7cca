"""What to draw: settings, layers, schedulers, sizes, seeds. Pure: no files, no clock, no torch."""
