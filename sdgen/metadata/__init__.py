"""The record: what made an image, and the formats that carry it."""
