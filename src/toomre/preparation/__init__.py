"""Raw images and a table become a prepared data set on disk; split by galaxy; leak audit."""
