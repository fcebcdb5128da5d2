"""What it takes to run and to watch an installation: an image, a Prometheus, a Grafana."""
