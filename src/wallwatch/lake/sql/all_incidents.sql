SELECT * FROM incidents ORDER BY onset_latest DESC, id
