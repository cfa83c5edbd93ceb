"""The demo fair: invented projects and organizations of real size, written as the spreadsheets a bureau would send."""
