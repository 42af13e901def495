"""When a host does not act: who serves it, a letter to each of them, and a clock for each."""
