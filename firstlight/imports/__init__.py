"""Metrics that another tool logged, as a run: CSV, Parquet, TensorBoard, MLflow."""
