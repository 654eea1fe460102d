"""What this team adds to pnas: an operator, and the files of conf/."""
