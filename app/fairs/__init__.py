"""The days and halls of the fair: zones, booths, which published projects are shown, who has come."""
