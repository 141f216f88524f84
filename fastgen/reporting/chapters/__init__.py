"""The chapters of a report, one module each: findings in words, with the charts of the same name and tables of figures."""
