"""Banks: fingerprints that a host brings along, kept down by a decision of its own."""
