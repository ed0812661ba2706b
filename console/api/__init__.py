"""Figures for programs: `/api/v1`, its tokens and its OpenAPI description."""
