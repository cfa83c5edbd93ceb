"""Three procedures with clocks: challenges against an award, complaints, and mediation."""
