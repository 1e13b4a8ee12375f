"""The postmortem: one page, Markdown and PDF, rendered from the findings and nothing else."""

from forensics.report._options import SECTIONS, ReportOptions
from forensics.report._write import redact_findings, write_report

__all__ = ["SECTIONS", "ReportOptions", "redact_findings", "write_report"]
