"""What leaves the installation on record: statements for the Transparency Database, the yearly
numbers, and the evidence of one case."""
