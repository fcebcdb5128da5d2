"""Tests of Demand Monitor, from single functions (`unit`) to real servers (`broker`)."""
