SELECT count(*) AS controls FROM measurements WHERE role = 'control'
