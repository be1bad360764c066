"""Several runs side by side: figures of what each reaches on the source and on the target."""
