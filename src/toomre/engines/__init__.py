"""Who does the parts of a large job: this process, several, or those of a cluster."""
