"""What each customer will bring: three ways to foresee it, graded on what was brought, and the table of it."""
