"""`python -m demand_monitor`: the same as the console script."""

from demand_monitor.cli import main

if __name__ == "__main__":
    main()
