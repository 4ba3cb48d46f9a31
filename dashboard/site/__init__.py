"""The pages of the dashboard as files for any web server: what Python computed, and no control that asks one."""
