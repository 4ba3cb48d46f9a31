"""The page Forward process: a picture fades into noise along a schedule, and two ways back."""
