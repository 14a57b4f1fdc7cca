"""What is said of a scene: captions in English and Chinese."""
