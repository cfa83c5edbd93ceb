"""Who fits whom: gates of the moment, match runs with their dossiers, live rankings with reasons."""
