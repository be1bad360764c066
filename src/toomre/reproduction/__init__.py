"""The published tables as data, and our numbers beside theirs."""
