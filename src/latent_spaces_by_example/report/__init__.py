"""Pictures of a study, and the page that shows it."""

from latent_spaces_by_example.report.page import write_report

__all__ = ["write_report"]
