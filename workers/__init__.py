"""What goes on beside the call: call-backs, call records, figures, alerts and feeds."""
