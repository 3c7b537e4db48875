"""Evidence about the machine and its processes; a gatherer may fail alone."""
