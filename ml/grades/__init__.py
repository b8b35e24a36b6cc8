"""How good the churn model is: beside every rung of the ladder, on days after what it learned from, on one page."""
