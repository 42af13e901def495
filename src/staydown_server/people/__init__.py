"""Who works at the desk: invited, enrolled, signed in, given a role, shut out."""
