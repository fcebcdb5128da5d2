"""The worldly side of evaluation: data sets, caches, other people's libraries, files, plots. It decides nothing."""
