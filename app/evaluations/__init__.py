"""Whether it helped: mid-term and final evaluations, the residents' satisfaction, grades and appeals."""
