"""Files by which the system starts s3sync: units of systemd, agents of launchd, lines of a crontab."""
