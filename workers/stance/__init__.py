"""Who is for or against whom."""
