"""What only several rows together show: aggregates, relations, drift, variety."""
