"""The dashboard: charts, pictures, generation and the few widgets that pages share."""
