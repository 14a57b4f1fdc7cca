"""What to draw: settings, layers, scheduler names, sizes, seeds. Pure: no files, no clock, no torch."""
