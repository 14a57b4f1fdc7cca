"""Disk: names, whole-or-nothing writes, image containers, configuration files."""
