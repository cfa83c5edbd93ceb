"""The timetable of a fair: its tables and slots, who meets whom when and where, and who came."""
