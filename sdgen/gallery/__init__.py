"""Looking: contact sheets, labelled grids, films of the steps, and one page to look through all."""
