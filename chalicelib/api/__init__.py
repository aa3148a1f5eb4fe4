"""HTTP entrypoints, one module per resource. pydantic is used here and nowhere else."""
