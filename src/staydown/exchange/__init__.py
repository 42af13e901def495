"""Hash lists: fingerprints that platforms share with one another."""
