"""Sheqia 社洽: the service behind a fair for community service projects."""
