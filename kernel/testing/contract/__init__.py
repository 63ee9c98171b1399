"""What every plugin must keep, generated from the registry: `pytest --pyargs kernel.testing.contract --plugin X`."""
