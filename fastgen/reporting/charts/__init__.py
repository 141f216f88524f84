"""The charts of a report: one module for each chapter, above what all of them share."""
