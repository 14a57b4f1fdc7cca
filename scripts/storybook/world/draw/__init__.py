"""How a scene is drawn: SVG from shapes, then the paper of its style."""
