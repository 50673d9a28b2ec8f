"""What the product costs, as ratios against rivals measured in the same run."""
