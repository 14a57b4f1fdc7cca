"""Many: job files become jobs, jobs become outcomes."""
