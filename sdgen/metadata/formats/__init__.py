"""The formats of other programs, one file each: from what a file carries to a `Foreign` recipe.

Pure: text in, data out. What is read may come from anybody, so every reader is bounded in time and
memory, follows no path, opens nothing, and runs nothing.
"""
