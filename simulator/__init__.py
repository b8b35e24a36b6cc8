"""A company to practise on: an ERP and a CRM, day by day, with a truth to be measured against."""

from simulator.simulation import SimulationReport, simulate

__all__ = ["SimulationReport", "simulate"]
