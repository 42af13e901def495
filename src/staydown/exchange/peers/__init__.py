"""Partners' own list formats, one file each; the only place where brands are named."""
